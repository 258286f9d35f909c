// Which pages are resident. From Linux 6.7 by the PAGEMAP_SCAN call, which skips holes and knows the page of zeros; before,
// by reading a word a page (Documentation/admin-guide/mm/pagemap.rst).
#include "read/kernel/private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PAGE = 4096, PRESENT = 1 << 3, PFNZERO = 1 << 5, REGIONS = 2048, WORDS = 8192 };

struct page_region_ { uint64_t start, end, categories; };
struct pm_scan_arg_ { // linux/fs.h, struct pm_scan_arg
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN_ _IOWR('f', 16, struct pm_scan_arg_)

void kernel_runs_fini(struct kernel_runs *r) { vec_fini(&r->at); }

static struct err *add_run(struct kernel_runs *r, addr_t start, addr_t end)
{
	struct kernel_run *last = r->at.len ? &r->at.at[r->at.len - 1] : NULL;
	if (last && last->end == start) {
		last->end = end;
		return NULL;
	}
	return vec_push(&r->at, KERNEL_RUNS_MAX, "runs of resident pages", (struct kernel_run){start, end});
}

// *ret_known is false where this kernel has no such call: nothing was done.
static struct err *by_scan(int fd, addr_t start, addr_t end, struct kernel_runs *ret, bool *ret_known)
{
	struct page_region_ regions[REGIONS];
	*ret_known = true;
	while (start < end) {
		struct pm_scan_arg_ a = {.size = sizeof(a), .start = start, .end = end, .vec = (uintptr_t)regions, .vec_len = REGIONS,
			.category_inverted = PFNZERO, .category_mask = PRESENT | PFNZERO, .return_mask = PRESENT};
		int n = ioctl(fd, PAGEMAP_SCAN_, &a);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOTTY || errno == EINVAL || errno == ENOSYS)) {
			*ret_known = false;
			return NULL;
		}
		if (n < 0)
			return err_os(errno, "scanning resident pages");
		for (int i = 0; i < n; i++) {
			struct err *err = add_run(ret, regions[i].start, regions[i].end);
			if (err)
				return err;
		}
		// walk_end is no place to go on from: at the end of the range it has been seen to lie before it (Linux 6.18).
		if (n < REGIONS)
			break;
		start = regions[n - 1].end;
	}
	return NULL;
}

static struct err *by_words(int fd, addr_t start, addr_t end, struct kernel_runs *ret)
{
	uint64_t words[WORDS];
	while (start < end) {
		uint64_t pages = min_u64(WORDS, (end - start) / PAGE);
		ssize_t n = pread(fd, words, pages * 8, (off_t)(start / PAGE * 8));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_os(errno, "reading resident pages");
		if (n < 8)
			break;
		pages = (uint64_t)n / 8;
		for (uint64_t i = 0; i < pages; i++) {
			struct err *err = words[i] >> 63 ? add_run(ret, start + i * PAGE, start + (i + 1) * PAGE) : NULL;
			if (err)
				return err;
		}
		start += pages * PAGE;
	}
	return NULL;
}

struct err *kernel_resident(int64_t pid, addr_t start, addr_t end, struct kernel_runs *ret)
{
	char path[48];
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/pagemap", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno == ENOENT ? ESRCH : errno, "%s", path);
	start &= ~(addr_t)(PAGE - 1);
	end &= ~(addr_t)(PAGE - 1);
	bool known;
	struct err *err = by_scan(fd, start, end, ret, &known);
	if (!err && !known)
		err = by_words(fd, start, end, ret);
	close(fd);
	return err_while(err, "process %" PRId64, pid);
}
