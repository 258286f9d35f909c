#!/usr/bin/env bash
# The tests of every change: gcc with ASan and UBSan (style, unit, corpora, differential), then clang (what needs no Go).
# test.sh long: the long differential tests instead (tests/e2e/meson.build says which).
# Ends with a line `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
passed=0 failed=0

# suite DIR MESON-TEST-ARGS...: runs, prints what failed, adds to the totals.
suite() {
	local dir=$1; shift
	local log=$dir/meson-logs/testlog.json
	rm -f "$log"
	meson test -C "$dir" --no-rebuild --print-errorlogs -q --num-processes "$jobs" "$@" || true
	read -r p f < <(python3 tools/count.py "$log")
	passed=$((passed + p)) failed=$((failed + f))
}

# The programs that are watched share the machine with whatever else runs: a test that fails is tried once more, alone, and
# that counts.
live() {
	local dir=$1 log=$1/meson-logs/testlog.json again p f
	rm -f "$log"
	meson test -C "$dir" --no-rebuild -q --num-processes 1 --suite "$2" || true
	again=$(python3 tools/count.py --failed "$log")
	read -r p f < <(python3 tools/count.py --but-failed "$log")
	passed=$((passed + p)) failed=$((failed + f))
	[ -z "$again" ] || suite "$dir" --num-processes 1 $again
}

configured() {
	local dir=$1; shift
	[ -f "$dir/build.ninja" ] || env "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
	rm -f "$dir.log"
	ninja -C "$dir" -j"$jobs" --quiet
}

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
configured build-asan meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false
if [ "${1:-}" = long ]; then
	live build-asan long
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
fi
suite build-asan --suite style --suite unit --suite fuzz
live build-asan e2e
configured build-clang CC=clang meson setup build-clang
suite build-clang --suite unit --suite fuzz
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
