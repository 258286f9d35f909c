#!/usr/bin/env bash
# Runs the benches whose name contains WHAT (all without one): bench/*.py and the programs that bench/*.c become.
set -eu
cd "$(dirname "$0")/.."
export WHYHEAP=${WHYHEAP:-$PWD/build/whyheap}
ran=0
for bench in bench/*.py build/bench/bench_*; do
	[ -f "$bench" ] || continue
	case "$bench" in *.py) ;; *) [ -x "$bench" ] || continue ;; esac
	case "$(basename "$bench")" in *"${1:-}"*) ;; *) continue ;; esac
	printf '\n== %s\n' "$(basename "$bench")"
	ran=$((ran + 1))
	case "$bench" in
	*.py) python3 "$bench" "${@:2}" ;;
	*) "$bench" "${@:2}" ;;
	esac
done
[ "$ran" -gt 0 ] || { echo "no bench is called '${1:-}'"; exit 2; }
