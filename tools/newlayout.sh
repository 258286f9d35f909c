#!/usr/bin/env bash
# newlayout.sh VERSION [ARCH [EXPERIMENT]]: the layout tables of one more Go release, from its own toolchain. For example
#   tools/newlayout.sh 1.28.0; tools/newlayout.sh 1.28.0 arm64; tools/newlayout.sh 1.28.0 amd64 nogreenteagc
# Fetches the toolchain (GOTOOLCHAIN), builds tools/golayouts/sample with it, reads its DWARF (dump) and its code (refs, amd64),
# adds the rows to tables/go-layouts and tables/go-refs, and says which keys moved against the newest release before it.
# A patch that moved something: split the range in tables/go-layouts/releases.tsv by hand, then run this for the first patch
# of each half. Dumps stay in $DUMPS (default .cache/golayouts). Needs Go and binutils' objdump.
set -eu
[ $# -ge 1 ] || { sed -n 2,7p "$0" | cut -c3-; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
version=${1#go} arch=${2:-amd64} experiment=${3:--}
minor=$(echo "$version" | cut -d. -f2 | sed 's/[^0-9].*//')
dumps=${DUMPS:-$here/.cache/golayouts}
go=$("$here/tools/go.sh")
mkdir -p "$dumps"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$here/tools/golayouts" && GOFLAGS=-buildvcs=false GOEXPERIMENT= "$go" build -o "$tmp/" ./dump ./refs)
[ "$experiment" = - ] || export GOEXPERIMENT=$experiment
cgo=1
[ "$arch" = "$("$go" env GOHOSTARCH)" ] || cgo=0
(cd "$here/tools/golayouts/sample" && GOTOOLCHAIN=go$version GOFLAGS=-buildvcs=false CGO_ENABLED=$cgo GOARCH=$arch \
	"$go" build -p 2 -o "$tmp/sample" .)
unset GOEXPERIMENT
# The names tell golayouts.py what is what: layout.MINOR[.PATCH][.experiment][.arm64].tsv as releases.tsv lists them.
name=$(python3 "$here/tools/golayouts.py" release "$version" "$arch" "$experiment")
python3 "$here/tools/golayouts.py" types >"$tmp/types"
"$tmp/dump" -types "$tmp/types" "$tmp/sample" >"$dumps/layout.$name.tsv"
[ "$arch" != amd64 ] || "$tmp/refs" -symbols "$here/tables/go-refs/symbols.txt" "$tmp/sample" >"$dumps/refs.$name.tsv"
python3 "$here/tools/golayouts.py" add "$dumps"
python3 "$here/tools/golayouts.py" moved "$version" "$arch" "$experiment"
