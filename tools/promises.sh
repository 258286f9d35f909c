#!/usr/bin/env bash
# promises.sh: runs the quick rows of docs/promises/*.md. A row: | claim | `command` | figure last seen | quick or long |
# A quick row holds when its command ends with status 0.
set -u
cd "$(dirname "$0")/.."
export PATH=$PWD/build:$PATH
kept=0 broken=0
while IFS= read -r line; do
	claim=$(sed -E 's/^\| *([^|]*[^| ]) *\|.*/\1/' <<<"$line")
	command=$(sed -nE 's/^\|[^|]*\| *`(([^`|]|\\\|)*)` *\|.*\| *quick *\|[[:space:]]*$/\1/p' <<<"$line" | sed 's/\\|/|/g')
	[ -n "$command" ] || continue
	if timeout 600 bash -c "$command" >/tmp/promise.$$ 2>&1; then
		kept=$((kept + 1)); printf 'kept    %s\n' "$claim"
	else
		broken=$((broken + 1)); printf 'BROKEN  %s\n        %s\n' "$claim" "$command"
		tail -5 /tmp/promise.$$ | sed 's/^/        /'
	fi
done < <(cat docs/promises/*.md docs/promises.md 2>/dev/null | grep '^|')
rm -f /tmp/promise.$$
echo "$kept passed, $broken failed"
[ "$broken" = 0 ] && [ "$kept" -gt 0 ]
