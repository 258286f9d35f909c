// Which of the kernel's rules it was, and the command that helps: one row a rule, and their order.
#include "read/target/private.h"
#include "test.h"

#include <string.h>

TEST(the_sentence_names_the_rule_and_what_helps)
{
	static const struct { const char *rule; struct permission p; const char *says[3]; } rows[] = {
		{"another user", {.our_uid = 64001, .our_gid = 64001, .uid = {64002, 64002, 64002}, .gid = {64001, 64001, 64001}, .yama = -1,
			.dumpable = true}, {"another user, uid 64002, and you are uid 64001", "sudo whyheap 7"}},
		{"another group", {.our_uid = 64001, .our_gid = 64001, .uid = {64001, 64001, 64001}, .gid = {64001, 64005, 64001},
			.yama = 0, .dumpable = true}, {"another user", "sudo whyheap 7"}},
		{"ids come before Yama", {.our_uid = 64001, .uid = {0, 0, 0}, .yama = 1, .dumpable = true}, {"another user", "'root' (uid 0)"}},
		{"not dumpable", {.yama = 1}, {"not dumpable", "setuid", "sudo whyheap 7"}},
		{"Yama 1", {.yama = 1, .dumpable = true}, {"kernel.yama.ptrace_scope is 1", "sysctl kernel.yama.ptrace_scope=0"}},
		{"Yama 2", {.yama = 2, .dumpable = true}, {"ptrace_scope is 2", "needs CAP_SYS_PTRACE", "sudo whyheap 7"}},
		{"Yama 3 stops even the capability", {.yama = 3, .dumpable = true, .our_cap = true}, {"ptrace_scope is 3", "core file"}},
		{"capabilities", {.yama = 0, .dumpable = true, .caps_beyond = 0x400}, {"capabilities that you do not have (0x400)"}},
		{"container", {.yama = 1, .dumpable = true, .in_container = true}, {"CAP_SYS_PTRACE", "--cap-add SYS_PTRACE"}},
		{"user namespace", {.yama = -1, .dumpable = true, .our_cap = true, .other_userns = true}, {"another user namespace"}},
		{"security module", {.yama = 0, .dumpable = true, .our_cap = true}, {"security module", "system call filter"}},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct permission p = rows[i].p;
		p.pid = 7;
		cleanup(err_freep) struct err *err = permission_err(&p, "reading its memory");
		CHECK(err_kind(err) == ERR_PERMISSION && strstr(err_message(err), "process 7: reading its memory is "), "%s", err_message(err));
		for (size_t k = 0; k < countof(rows[i].says) && rows[i].says[k]; k++)
			CHECK(strstr(err_message(err), rows[i].says[k]), "%s: %s", rows[i].rule, err_message(err));
	}
}
