// The resident account -> evidence. Both name their parts as the contract does, in its order.
#include "facts/collect/collect.h"
#include "read/account/account.h"

_Static_assert((int)ACCOUNT_PARTS == (int)EV_PARTS && (int)ACCOUNT_OTHER == (int)EV_OTHER && (int)ACCOUNT_C_HEAP == (int)EV_C_HEAP &&
	       (int)ACCOUNT_RUNTIME == (int)EV_RUNTIME, "one order of parts");

struct err *collect_account(struct evidence *ev, const struct target *t, struct rt *rt)
{
	cleanup(account_finip) struct account a = {0};
	struct err *err = account_take(t, rt, &a);
	if (err && (err_kind(err) == ERR_PERMISSION || err_kind(err) == ERR_UNSUPPORTED || err_kind(err) == ERR_OS)) {
		gap_add_err(&ev->gaps, GAP_ACCOUNT_UNREADABLE, NULL, err);
		return NULL;
	}
	if (err)
		return err;
	ev->account = (struct ev_account){.known = true, .rss = a.rss};
	for (size_t i = 0; i < EV_PARTS; i++)
		ev->account.parts[i] = a.parts[i];
	gaps_join(&ev->gaps, &a.gaps);
	return NULL;
}
