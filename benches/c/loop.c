/* A loop as a C programmer writes it for speed, with quality: analog input, filter,
 * PID, limit switch or cause, analog output, and a trip group for every twenty loops.
 * One structure a loop, everything of a loop in one pass. The arithmetic, the checks
 * and the quality rules are those of the blocks AI, FILTER, PID (in AUTO), COMPARE,
 * CAUSE, INTERLOCK and AOUT; everything that those blocks publish is stored here too. */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef uint16_t quality; /* level in the top two bits, reason below, flags lowest */

enum {
    GOOD = 0,
    UNCERTAIN = 1 << 14,
    BAD = 2 << 14,
    REASON = 0x3f00,
    FLAGS = 0xff,
    LIMITED_LOW = 0x08,
    LIMITED_HIGH = 0x10,
    LIMITS = LIMITED_LOW | LIMITED_HIGH,
    OUT_OF_RANGE = UNCERTAIN | 1 << 8,
    RATE = UNCERTAIN | 2 << 8,
    FROZEN = UNCERTAIN | 3 << 8,
    SUBSTITUTED = UNCERTAIN | 4 << 8,
    DEGRADED = UNCERTAIN | 7 << 8,
    STALE = BAD | 5 << 8,
    SENSOR_FAULT = BAD | 9 << 8,
    NOT_FINITE = BAD | 11 << 8,
};

static inline bool is_bad(quality q) { return q >= BAD; }

static inline quality worst(quality a, quality b)
{
    quality x = a & ~FLAGS, y = b & ~FLAGS;
    return (x > y ? x : y) | ((a | b) & FLAGS & ~LIMITS);
}

struct real { double v; quality q; };
struct flag { bool v; quality q; };

struct delay { bool out, runs; uint64_t elapsed; };

static inline bool delay_step(struct delay *d, bool in, uint64_t on, uint64_t off, uint64_t dt)
{
    if (in == d->out) {
        d->runs = false;
        d->elapsed = 0;
        return in;
    }
    d->elapsed = d->runs ? d->elapsed + dt : 0;
    d->runs = true;
    if (d->elapsed >= (in ? on : off)) {
        d->out = in;
        d->runs = false;
        d->elapsed = 0;
    }
    return d->out;
}

/* What the field brings. */
struct raw { double v; uint64_t stamp; quality q; };

struct loop {
    /* analog input */
    double raw_lo, span_inverse, lo, span, stale_s, rate_max, noise_floor, unfiltered, reference;
    uint64_t persist_ns, frozen_ns, still_ns;
    bool ne43, primed;
    struct delay fault_delay;
    struct real pv;
    struct flag fault;
    /* filter */
    double tau_s, filter_tau, filter_dt, gain;
    bool filter_primed;
    struct real filtered;
    /* controller */
    double kp, ti_s, td_s, b, c, n, out_lo, out_hi;
    double tuned_kp, tuned_ti, tuned_td, tuned_dt, k, k_integral, reset, d_decay, d_gain;
    double integral, derivative, aim_last, proportion_last;
    double sp, sp_act, out_last;
    int64_t mode, mode_act;
    struct real out, pid_pv, err;
    /* limit switch or cause */
    double limit, hysteresis;
    uint64_t on_ns;
    bool is_cause, beyond;
    struct delay switch_delay;
    struct flag trip;
    bool pre, degraded;
    int64_t votes;
    /* analog output */
    double safe, trip_value;
    uint64_t hold_ns, lost_ns;
    uint32_t group;
    struct real cmd;
    bool tripped;
};

struct group {
    uint64_t latched, standing, latching;
    bool start_up, effect, is_tripped, can_reset;
    int64_t first_out, resets;
};

struct plant {
    size_t loops, groups;
    struct loop *loop;
    struct group *group;
};

/* Neighbouring loops share a trip group. */
static inline size_t first_of(const struct plant *p, size_t g)
{
    return (g * p->loops + p->groups - 1) / p->groups;
}

struct plant *peer_plant_new(size_t loops, size_t groups)
{
    struct plant *p = malloc(sizeof *p);
    p->loops = loops;
    p->groups = groups;
    p->loop = calloc(loops, sizeof *p->loop);
    p->group = calloc(groups, sizeof *p->group);
    for (size_t i = 0; i < loops; i++) {
        struct loop *l = &p->loop[i];
        *l = (struct loop){
            .raw_lo = 4.0, .span_inverse = 1.0 / 16.0, .lo = 0.0, .span = 150.0, .stale_s = 1.0,
            .persist_ns = 4000000000u, .ne43 = true, .tau_s = 2.0,
            .kp = 0.5 + 0.001 * (double)(i % 100), .ti_s = 60.0, .td_s = 4.0,
            .b = 1.0, .c = 0.0, .n = 10.0, .out_lo = 0.0, .out_hi = 100.0, .sp = 75.0,
            .sp_act = 75.0, .out_last = 50.0, .mode = 1, .mode_act = -1, .out.v = 50.0,
            .limit = 120.0, .hysteresis = 2.0, .is_cause = i % 2 == 1,
            .on_ns = i % 2 == 1 ? 1000000000u : 0,
            .safe = 0.0, .trip_value = 0.0, .group = (uint32_t)(i * groups / loops),
        };
    }
    for (size_t g = 0; g < groups; g++) {
        uint64_t rows = ((uint64_t)1 << (first_of(p, g + 1) - first_of(p, g))) - 1;
        p->group[g] = (struct group){.latching = rows, .latched = rows, .start_up = true,
                                     .first_out = 100};
    }
    return p;
}

void peer_plant_free(struct plant *p)
{
    free(p->loop);
    free(p->group);
    free(p);
}

static inline quality judge(double x, bool ne43)
{
    if (ne43) {
        if (x <= -0.025 + 1e-9 || x >= 1.0625 - 1e-9)
            return SENSOR_FAULT;
        if (x < -0.0125 - 1e-9)
            return OUT_OF_RANGE | LIMITED_LOW;
        if (x > 1.03125 + 1e-9)
            return OUT_OF_RANGE | LIMITED_HIGH;
    }
    if (!(x >= -0.025 - 1e-9 && x <= 1.03 + 1e-9))
        return OUT_OF_RANGE;
    return GOOD;
}

static inline void analog_input(struct loop *l, const struct raw *raw, uint64_t scan, double dt,
                                uint64_t dt_ns)
{
    double x = (raw->v - l->raw_lo) * l->span_inverse;
    quality range = judge(x, l->ne43);
    quality q = worst(raw->q, range);
    if ((double)(scan - raw->stamp) * dt > l->stale_s)
        q = worst(q, STALE);
    if (!isfinite(x))
        q = worst(q, NOT_FINITE);
    bool faulty = is_bad(q) && (q & REASON) == (SENSOR_FAULT & REASON);
    l->fault = (struct flag){delay_step(&l->fault_delay, faulty, l->persist_ns, 0, dt_ns), GOOD};
    if (is_bad(q)) {
        l->primed = false;
        l->pv.q = q;
        return;
    }
    double v = l->lo + x * l->span;
    if (!l->primed) {
        l->primed = true;
        l->unfiltered = l->reference = v;
        l->still_ns = 0;
    } else {
        double change = v - l->unfiltered;
        l->unfiltered = v;
        if (l->rate_max > 0.0 && fabs(change) > l->rate_max * dt)
            q = worst(q, RATE);
        if (l->frozen_ns > 0) {
            if (fabs(v - l->reference) > l->noise_floor) {
                l->reference = v;
                l->still_ns = 0;
            } else {
                l->still_ns += dt_ns;
            }
            if (l->still_ns >= l->frozen_ns)
                q = worst(q, FROZEN);
        }
    }
    l->pv = (struct real){v, q | (range & LIMITS)};
}

static inline void filter(struct loop *l, double dt)
{
    struct real in = l->pv;
    bool usable = !is_bad(in.q) && isfinite(in.v);
    double v = l->filtered.v;
    if (usable && !l->filter_primed) {
        v = in.v;
    } else if (usable) {
        if (l->tau_s != l->filter_tau || dt != l->filter_dt) {
            l->filter_tau = l->tau_s;
            l->filter_dt = dt;
            l->gain = l->tau_s > 0.0 ? 1.0 - exp(-dt / l->tau_s) : 1.0;
        }
        double next = v + l->gain * (in.v - v);
        v = isfinite(next) ? next : in.v;
    }
    l->filter_primed = usable;
    l->filtered = (struct real){v, in.q};
}

static void retune(struct loop *l, double dt)
{
    double k_before = l->k;
    l->tuned_kp = l->kp;
    l->tuned_ti = l->ti_s;
    l->tuned_td = l->td_s;
    l->tuned_dt = dt;
    l->k = l->kp;
    l->reset = l->ti_s > 0.0 ? dt / l->ti_s : 0.0;
    l->k_integral = l->k * l->reset;
    l->d_decay = l->td_s > 0.0 ? exp(-dt / (l->td_s / l->n)) : 0.0;
    l->d_gain = l->k * (l->td_s / dt) * (1.0 - l->d_decay);
    l->integral += (k_before - l->k) * l->proportion_last;
}

static inline void controller(struct loop *l, double dt)
{
    struct real pv = l->filtered;
    if (l->kp != l->tuned_kp || l->ti_s != l->tuned_ti || l->td_s != l->tuned_td ||
        dt != l->tuned_dt)
        retune(l, dt);
    l->pid_pv = pv;
    if (l->mode != 1 || is_bad(pv.q) || !isfinite(pv.v)) {
        l->mode_act = 0;
        return;
    }
    double sp = l->sp_act = l->sp;
    double proportion = l->b * sp - pv.v, aim = l->c * sp - pv.v;
    if (l->mode_act != 1 || l->out.v != l->out_last) {
        l->mode_act = 1;
        l->proportion_last = proportion;
        l->aim_last = aim;
        l->derivative = 0.0;
        l->integral = l->out.v - l->k * proportion;
    }
    double derivative = l->d_decay * l->derivative + l->d_gain * (aim - l->aim_last);
    double wish = l->k * proportion + l->integral + derivative;
    double out = wish > l->out_hi ? l->out_hi : wish;
    out = out < l->out_lo ? l->out_lo : out;
    double integral = l->integral + l->k_integral * (sp - pv.v) + l->reset * (out - wish);
    if (isfinite(integral + derivative)) {
        l->proportion_last = proportion;
        l->aim_last = aim;
        l->derivative = derivative;
        l->integral = integral;
    }
    quality q = worst(pv.q, GOOD);
    if (out >= l->out_hi)
        q |= LIMITED_HIGH;
    if (out <= l->out_lo)
        q |= LIMITED_LOW;
    l->out = (struct real){out, q};
    l->out_last = out;
    l->err = (struct real){sp - pv.v, pv.q};
}

static inline void limit_switch(struct loop *l, uint64_t dt_ns)
{
    struct real in = l->pv;
    bool bad = is_bad(in.q) || !isfinite(in.v), vote = true;
    if (!bad)
        vote = l->beyond = in.v >= l->limit - (l->beyond ? l->hysteresis : 0.0);
    bool out = delay_step(&l->switch_delay, vote, l->on_ns, 0, dt_ns);
    if (l->is_cause) {
        l->trip = (struct flag){out, bad ? DEGRADED : GOOD};
        l->pre = vote && !out;
        l->votes = vote;
        l->degraded = bad;
    } else {
        l->trip = (struct flag){out, bad ? SUBSTITUTED : in.q};
    }
}

static inline void analog_output(struct loop *l, const struct group *groups, uint64_t dt_ns)
{
    struct real demand = l->out, cmd;
    if (is_bad(demand.q) || !isfinite(demand.v)) {
        l->lost_ns += dt_ns;
        cmd = (struct real){l->lost_ns > l->hold_ns ? l->safe : l->cmd.v, SUBSTITUTED};
    } else {
        l->lost_ns = 0;
        quality q = worst(demand.q, GOOD);
        if (demand.v >= 100.0)
            q |= LIMITED_HIGH;
        if (demand.v <= 0.0)
            q |= LIMITED_LOW;
        double v = demand.v > 100.0 ? 100.0 : demand.v;
        cmd = (struct real){v < 0.0 ? 0.0 : v, q};
    }
    l->tripped = groups[l->group].effect;
    l->cmd = l->tripped ? (struct real){l->trip_value, GOOD} : cmd;
}

void peer_plant_scan(struct plant *p, const struct raw *raws, uint64_t scan, double dt, bool reset)
{
    uint64_t dt_ns = (uint64_t)(dt * 1e9 + 0.5);
    for (size_t i = 0; i < p->loops; i++) {
        struct loop *l = &p->loop[i];
        analog_input(l, &raws[i], scan, dt, dt_ns);
        filter(l, dt);
        controller(l, dt);
        limit_switch(l, dt_ns);
    }
    for (size_t g = 0; g < p->groups; g++) {
        struct group *r = &p->group[g];
        uint64_t standing = 0;
        size_t from = first_of(p, g), to = first_of(p, g + 1);
        for (size_t i = from; i < to; i++) {
            const struct flag *t = &p->loop[i].trip;
            standing |= (uint64_t)(t->v || is_bad(t->q)) << (i - from);
        }
        r->standing = standing;
        if (reset && (standing & r->latching) == 0 && (r->latched || r->start_up)) {
            r->latched = 0;
            r->start_up = false;
            r->first_out = 0;
            r->resets++;
        }
        r->latched |= standing & r->latching;
        uint64_t active = r->latched | standing;
        r->is_tripped = r->effect = r->start_up || active;
        if (!r->is_tripped)
            r->first_out = 0;
        else if (r->first_out == 0)
            r->first_out = __builtin_ctzll(standing) + 1;
        r->can_reset = (r->latched || r->start_up) && (standing & r->latching) == 0;
    }
    for (size_t i = 0; i < p->loops; i++)
        analog_output(&p->loop[i], p->group, dt_ns);
}

double peer_plant_cmd(const struct plant *p, size_t i) { return p->loop[i].cmd.v; }
size_t peer_plant_bytes(const struct plant *p)
{
    return p->loops * sizeof *p->loop + p->groups * sizeof *p->group;
}
