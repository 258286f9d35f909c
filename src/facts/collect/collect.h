// collect: readers' structs -> facts. One file per reader or join; one tongue in, another out.
//   reads   what readers give; the evidence they are added to
//   gives   facts and gaps in the evidence
//   knows   both tongues and nothing else: no decision, no phrase
//   costs   linear in what is handed in
//   not     opening, watching, judging
#pragma once
#include "facts/evidence/evidence.h"
#include "read/gobin/gobin.h"
#include "read/goruntime/goruntime.h"
#include "read/target/target.h"

// ---- collect_pprof.c: profiles and goroutine dumps, one or a series ---------------------------------------------------

// Heap profiles become sites (raw samples, as the runtime took them), goroutine profiles and dumps become groups.
// Profiles are added in time order; what does not continue the series (another build or rate, a restart) begins it anew
// and is told as a gap.
struct pprof;
struct collect_pprof;
struct collect_pprof *collect_pprof_new(struct evidence *ev); // NULL: nomem
void collect_pprof_free(struct collect_pprof *c);
static inline void collect_pprof_freep(struct collect_pprof **c) { collect_pprof_free(*c); }
// When it was taken; `otherwise` (the file's time) where the profile does not say.
instant_t collect_pprof_time(const struct pprof *p, instant_t otherwise);
must_use struct err *collect_pprof_add(struct collect_pprof *c, const struct pprof *p, const char *name, instant_t otherwise);

// ---- collect_goroutines.c: censuses over a window --------------------------------------------------------------------

struct collect_goroutines;
struct collect_goroutines *collect_goroutines_new(struct evidence *ev, struct rt *rt, struct target *t); // NULL: nomem
void collect_goroutines_free(struct collect_goroutines *c);
static inline void collect_goroutines_freep(struct collect_goroutines **c) { collect_goroutines_free(*c); }
// last: the window ends with this one; then turnover, wake-ups and sockets are filled in.
must_use struct err *collect_goroutines_look(struct collect_goroutines *c, instant_t at, const struct rt_census *census, bool last);

// ---- collect_process.c: who the target is -------------------------------------------------------------------------

must_use struct err *collect_process(struct evidence *ev, const struct target *t, const struct gobin *g);
must_use struct err *collect_layouts(struct evidence *ev, const struct rt *rt);

// ---- collect_sites.c: the runtime's allocation buckets over time ---------------------------------------------------

// Symbolises each bucket once; keeps a point only where counters changed, and at most some dozens of looks (older ones
// are thinned evenly), so memory does not grow with the window.
struct collect_sites;
struct collect_sites *collect_sites_new(struct evidence *ev, const struct rt *rt, int64_t mem_profile_rate); // NULL: nomem
void collect_sites_free(struct collect_sites *c);
static inline void collect_sites_freep(struct collect_sites **c) { collect_sites_free(*c); }
// The buckets that changed since the last look; all of them the first time.
must_use struct err *collect_sites_look(struct collect_sites *c, instant_t at, uint32_t gc_cycle, const struct rt_bucket *changed, size_t n);

// ---- collect_account.c: where every resident byte is ---------------------------------------------------------------

must_use struct err *collect_account(struct evidence *ev, const struct target *t, struct rt *rt); // costs as account.h says

// ---- collect_kernel.c: limits, descriptors, sockets ----------------------------------------------------------------

// The smallest of cgroup, machine and GOMEMLIMIT (INT64_MAX or less than 1: none), and what is left of it.
must_use struct err *collect_limit(struct evidence *ev, int64_t pid, int64_t go_memory_limit);
struct collect_kernel;
struct collect_kernel *collect_kernel_new(struct evidence *ev, const struct target *t); // NULL: nomem
void collect_kernel_free(struct collect_kernel *c);
static inline void collect_kernel_freep(struct collect_kernel **c) { collect_kernel_free(*c); }
must_use struct err *collect_kernel_look(struct collect_kernel *c, instant_t at); // counts by kind and state
must_use struct err *collect_kernel_end(struct collect_kernel *c, instant_t at);  // the last look; also: bytes nobody read
// ---- collect_code.c: why each place allocates, from the machine code -------------------------------------------------

// For every site and go statement already in the evidence: construct, type, flow (`whys`); also fills the sites' types.
// Decodes only the functions on their stacks: tens of ms for a 100 MB binary, most of it the list of functions.
must_use struct err *collect_code(struct evidence *ev, const struct gobin *g);

// ---- collect_trace.c: an execution trace ------------------------------------------------------------------------------

// Collections, the heap's curve, creation sites with what gathers there, logs and first spawns; in wall time by `clock`.
struct trace;
struct study;
struct align;
must_use struct err *collect_trace(struct evidence *ev, const struct trace *t, const struct study *s, const struct align *clock);
