#!/usr/bin/env bash
# fuzz.sh [SECONDS [TARGET...]]: every fuzz target with libFuzzer under ASan and UBSan, so long each; then the line coverage
# of the readers by the corpus and what was found. A crash is kept in fuzz/crashes/ and makes the run fail.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
jobs=${JOBS:-$(nproc)}
configured() {
	local dir=$1; shift
	[ -f "$dir/build.ninja" ] || CC=clang meson setup "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
	rm -f "$dir.log"
}
configured build-fuzz -Dfuzz_engine=true -Db_sanitize=address,undefined -Db_lundef=false
configured build-cov -Dfuzz_engine=true -Db_lundef=false -Dc_args='-fprofile-instr-generate -fcoverage-mapping' -Dc_link_args=-fprofile-instr-generate
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
ninja -C build-fuzz -j"$jobs" --quiet $(printf 'fuzz/fuzz_%s ' "${targets[@]}")
ninja -C build-cov -j"$jobs" --quiet $(printf 'fuzz/fuzz_%s ' "${targets[@]}")
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1
bad=0
mkdir -p fuzz/crashes .cache/fuzz
one() {
	local t=$1 found=.cache/fuzz/$1
	mkdir -p "$found"
	if timeout $((seconds + 60)) "build-fuzz/fuzz/fuzz_$t" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
		-artifact_prefix="fuzz/crashes/$t-" "$found" "fuzz/corpus/$t" >".cache/fuzz/$t.log" 2>&1; then
		printf '%-22s clean, %s runs\n' "$t" "$(grep -oE '^#[0-9]+' ".cache/fuzz/$t.log" | tail -1 | tr -d '#')"
	else
		printf '%-22s FAILED: .cache/fuzz/%s.log\n' "$t" "$t"
		return 1
	fi
}
for t in "${targets[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || bad=1; done
	one "$t" &
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n || bad=1; done
rm -f .cache/fuzz/*.profraw
objects=()
for t in "${targets[@]}"; do
	LLVM_PROFILE_FILE=.cache/fuzz/$t.profraw timeout 600 "build-cov/fuzz/fuzz_$t" -runs=0 ".cache/fuzz/$t" "fuzz/corpus/$t" >/dev/null 2>&1 || true
	objects+=(-object "build-cov/fuzz/fuzz_$t")
done
version=$(clang --version | sed -nE 's/.*version ([0-9]+).*/\1/p' | head -1)
"llvm-profdata-$version" merge -sparse .cache/fuzz/*.profraw -o .cache/fuzz/all.profdata
"llvm-cov-$version" report "${objects[@]}" -instr-profile=.cache/fuzz/all.profdata --summary-only 2>/dev/null |
	awk '/src\/read|read\// && NF > 9 {printf "%-40s lines %6s of %6s covered: %s\n", $1, $8 - $9, $8, $10}'
rmdir fuzz/crashes 2>/dev/null || true
exit $bad
