#include "reading.h"

#define HEAD "m.f STEXT size=9 align=0x0 args=0x0 locals=0x8 funcid=0x0\n"
#define I(pc, op) "\t0x0000 " pc " (/s/x.go:9)\t" op "\n"

TEST(a_call_has_its_type_size_and_buffer)
{
	static const struct { const char *body, *entry, *type; uint64_t size; int buf; bool nil; } rows[] = {
		{I("00001", "LEAQ\ttype:m.T(SB), AX") I("00002", "CALL\truntime.newobject(SB)"), "runtime.newobject", "m.T", 0, 0, false},
		{I("00001", "LEAQ\ttype:noalg.struct { F uintptr; X0 map[string]int }(SB), AX") I("00002", "CALL\truntime.newobject(SB)"),
		 "runtime.newobject", "struct { F uintptr; X0 map[string]int }", 0, 0, false},
		{I("00001", "MOVL\t$24, AX") I("00002", "LEAQ\ttype:m.T(SB), BX") I("00003", "MOVL\t$1, CX")
		 I("00004", "CALL\truntime.mallocgcSmallScanNoHeaderSC3(SB)"), "runtime.mallocgcSmallScanNoHeaderSC3", "m.T", 24, 0, false},
		{I("00001", "MOVL\t$16, AX") I("00002", "XORL\tBX, BX") I("00004", "CALL\truntime.mallocgcSmallNoScanSC2(SB)"),
		 "runtime.mallocgcSmallNoScanSC2", "", 16, 0, true},
		{I("00001", "LEAQ\ttype:int(SB), DX") I("00002", "MOVQ\tDX, SI") I("00003", "CALL\truntime.growslice(SB)"),
		 "runtime.growslice", "int", 0, 0, false},
		{I("00001", "XORL\tAX, AX") I("00002", "CALL\truntime.concatstring2(SB)"), "runtime.concatstring2", "", 0, 1, false},
		{I("00001", "LEAQ\tm..autotmp_3+32(SP), AX") I("00002", "CALL\truntime.concatstring2(SB)"), "runtime.concatstring2", "", 0, 2, false},
		{I("00001", "CALL\truntime.convT64(SB)") I("00002", "LEAQ\ttype:int(SB), CX"), "runtime.convT64", "int", 0, 0, false},
		{I("00001", "CALL\truntime.convTstring(SB)") I("00002", "LEAQ\tgo:itab.m.S,m.I(SB), CX"), "runtime.convTstring", "m.S", 0, 0, false},
		{I("00001", "LEAQ\ttype:m.T(SB), AX") I("00002", "MOVQ\t8(CX), AX") I("00003", "CALL\truntime.newobject(SB)"),
		 "runtime.newobject", "", 0, 0, false},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		char text[1024];
		snprintf(text, sizeof(text), HEAD "%s\t0x0000 e8 00 00 00 00\n\trel 3+4 t=R_CALL runtime.newobject+0\n", rows[i].body);
		cleanup(escape_freep) struct escape *e = reading(text);
		const struct escape_call *calls = NULL;
		size_t n = e ? escape_calls(e, &calls) : 0;
		CHECK(n == 1, "row %zu: %zu calls", i, n);
		if (n != 1)
			continue;
		CHECK(!strcmp(calls[0].entry, rows[i].entry) && !strcmp(calls[0].type, rows[i].type), "row %zu: %s", i, calls[0].type);
		CHECK(calls[0].size == rows[i].size && (int)calls[0].buf == rows[i].buf && calls[0].nil_type == rows[i].nil, "row %zu", i);
		CHECK(!strcmp(calls[0].function, "m.f") && calls[0].line == 9, "row %zu", i);
	}
}
