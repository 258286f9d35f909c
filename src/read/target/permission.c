// Who forbids reading a process, in the kernel's own order (kernel/ptrace.c: __ptrace_may_access, security/yama,
// security/commoncap.c: cap_ptrace_access_check): user and group ids all equal, or CAP_SYS_PTRACE; dumpable; its
// capabilities no more than ours; Yama; what is left is a security module or a system call filter.
#include "read/target/private.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CAP_SYS_PTRACE_BIT = 19 };

static const char *line_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (!strncmp(p, name, len) && p[len] == ':')
			return p + len + 1;
	return "";
}

static void three_ids(const char *text, const char *name, uint32_t ret[3])
{
	char *p = (char[64]){0};
	memcpy(p, line_of(text, name), strnlen(line_of(text, name), 63));
	for (int i = 0; i < 3; i++)
		ret[i] = (uint32_t)strtoul(p, &p, 10);
}


void permission_facts(int proc_fd, int64_t pid, struct permission *ret)
{
	*ret = (struct permission){.pid = pid, .our_uid = geteuid(), .our_gid = getegid(), .yama = -1, .dumpable = true};
	cleanup(strbuf_finip) struct strbuf text = {0};
	err_free(procfs_text(0, "sys/kernel/yama/ptrace_scope", 64, &text));
	if (text.len)
		ret->yama = (int)strtol(text.s, NULL, 10);
	text.len = 0;
	err_free(procfs_text(0, "self/status", 65536, &text));
	uint64_t ours = strtoull(line_of(strbuf_str(&text), "CapEff"), NULL, 16);
	ret->our_cap = ours >> CAP_SYS_PTRACE_BIT & 1;
	ret->in_container = !ret->our_uid && !ret->our_cap;
	text.len = 0;
	err_free(proc_text_at(proc_fd, "status", 65536, &text));
	const char *s = text.len ? text.s : "";
	three_ids(s, "Uid", ret->uid);
	three_ids(s, "Gid", ret->gid);
	ret->caps_beyond = strtoull(line_of(s, "CapPrm"), NULL, 16) & ~ours;
	struct stat st;
	// The files of a process that is not dumpable belong to root.
	ret->dumpable = fstat(proc_fd, &st) || st.st_uid == ret->uid[1];
	char own[64] = "", its[64] = "";
	bool own_known = readlink("/proc/self/ns/user", own, sizeof(own) - 1) > 0;
	ret->other_userns = own_known && readlinkat(proc_fd, "ns/user", its, sizeof(its) - 1) > 0 && strcmp(own, its);
}

static const char *user_name(uint32_t uid, char buf[64])
{
	struct passwd pw, *found = NULL;
	char room[2048];
	if (!getpwuid_r(uid, &pw, room, sizeof(room), &found) && found)
		snprintf(buf, 64, "'%.40s' (uid %u)", pw.pw_name, uid);
	else
		snprintf(buf, 64, "uid %u", uid);
	return buf;
}

static bool all_equal(uint32_t ours, const uint32_t its[3])
{
	return its[0] == ours && its[1] == ours && its[2] == ours;
}

struct err *permission_err(const struct permission *p, const char *what)
{
	char a[64], b[64];
	if (p->yama == 3)
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is forbidden to everybody: kernel.yama.ptrace_scope is 3, "
			"which only a reboot undoes; a core file can still be read: kill -ABRT of the target writes one", p->pid, what);
	if (p->in_container)
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted: this root has no CAP_SYS_PTRACE, as in a "
			"container; run whyheap on the host, or start the container with: --cap-add SYS_PTRACE", p->pid, what);
	if (!p->our_cap && (!all_equal(p->our_uid, p->uid) || !all_equal(p->our_gid, p->gid)))
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted: it belongs to another user, %s, and you are "
			"%s; run: sudo whyheap %" PRId64, p->pid, what, user_name(p->uid[1], a), user_name(p->our_uid, b), p->pid);
	if (!p->our_cap && !p->dumpable)
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted: it is not dumpable (its executable has "
			"capabilities or is setuid, or it called prctl(PR_SET_DUMPABLE)), which needs CAP_SYS_PTRACE; run: sudo whyheap %"
			PRId64, p->pid, what, p->pid);
	if (!p->our_cap && p->yama == 2)
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted: kernel.yama.ptrace_scope is 2, which needs "
			"CAP_SYS_PTRACE; run: sudo whyheap %" PRId64, p->pid, what, p->pid);
	if (!p->our_cap && p->yama == 1)
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted: kernel.yama.ptrace_scope is 1, which allows it "
			"to a parent only; run: sudo whyheap %" PRId64 " (or allow it to your own processes until the next boot: "
			"sudo sysctl kernel.yama.ptrace_scope=0)", p->pid, what, p->pid);
	if (!p->our_cap && p->caps_beyond)
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted: it holds capabilities that you do not have "
			"(0x%llx), which needs CAP_SYS_PTRACE; run: sudo whyheap %" PRId64, p->pid, what, (unsigned long long)p->caps_beyond, p->pid);
	if (p->other_userns)
		return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted: it lives in another user namespace, in which you "
			"have no CAP_SYS_PTRACE; run whyheap as root outside of it", p->pid, what);
	return err_new(ERR_PERMISSION, "process %" PRId64 ": %s is not permitted, though user and capability are right: a security "
		"module (AppArmor, SELinux) or a system call filter forbids it; run whyheap as root outside of the container", p->pid, what);
}
