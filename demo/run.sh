#!/usr/bin/env bash
# The main job on a real target: a stripped game server without an endpoint leaks connections; whyheap is given its pid
# and nothing else. Then the same on its healthy twin. DEMO_LEAK picks another defect, GOTOOLCHAIN another Go.
set -eu
cd "$(dirname "$0")/.."
leak=${DEMO_LEAK:-connpool} warm=${DEMO_WARM:-6}
folder=$(mktemp -d)
server=
end() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT TERM

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "A game server, built by $("$(tools/go.sh)" version | cut -d' ' -f3) and stripped; it has no endpoint"
(cd demo/gameserver && GOTOOLCHAIN=${GOTOOLCHAIN:-local} "$(../../tools/go.sh)" build -buildvcs=false -trimpath -ldflags='-s -w' -o "$folder/gameserver" .)

# play DEFECT: starts the server, diagnoses it by its pid, ends it. The diagnosis' exit status.
play() {
	step "\$ gameserver -leak=$1"
	"$folder/gameserver" -leak="$1" >"$folder/log" 2>&1 &
	server=$!
	sleep "$warm"
	kill -0 "$server" 2>/dev/null || { cat "$folder/log"; exit 1; }
	cat "$folder/log"
	step "\$ whyheap $server --threshold 4"
	local status=0
	build/whyheap "$server" --threshold 4 || status=$?
	kill "$server"
	wait "$server" 2>/dev/null || true
	server=
	echo "   while it was watched: $(tail -n 1 "$folder/log")"
	return "$status"
}

found=0
play "$leak" || found=$?
clean=0
play none || clean=$?
step "exit status: $found for $leak, $clean for none"
[ "$found" = 1 ] && [ "$clean" = 0 ]
