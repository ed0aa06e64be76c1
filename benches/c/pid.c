/* PID controllers as a C programmer writes them: an array of structures, doubles,
 * no quality, no modes. The physical limit for a general layout. */

#include <stddef.h>

struct pid {
    double kp, ti, td, b, c, n, dt;
    double sp, lo, hi;
    const double *pv;
    double integral, derivative, aim_last, out;
};

size_t peer_pid_bytes(void) { return sizeof(struct pid); }

void peer_pid_init(struct pid *p, const double *pv, double kp, double ti, double td, double sp,
                   double dt)
{
    *p = (struct pid){.kp = kp, .ti = ti, .td = td, .b = 1.0, .c = 0.0, .n = 10.0, .dt = dt,
                      .sp = sp, .lo = 0.0, .hi = 100.0, .pv = pv,
                      .integral = 50.0, .aim_last = -*pv};
}

/* ISA standard form with two degrees of freedom, filtered derivative (backward
 * difference), output limits, back-calculation. Nothing precomputed. */
void peer_pid_isa(struct pid *pids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pid *p = &pids[i];
        double y = *p->pv;
        double aim = p->c * p->sp - y;
        double tf = p->td / p->n;
        p->derivative = (tf * p->derivative + p->kp * p->td * (aim - p->aim_last)) / (tf + p->dt);
        double u = p->kp * (p->b * p->sp - y) + p->integral + p->derivative;
        double out = u > p->hi ? p->hi : u < p->lo ? p->lo : u;
        p->integral += p->kp * p->dt / p->ti * (p->sp - y) + p->dt / p->ti * (out - u);
        p->aim_last = aim;
        p->out = out;
    }
}

double peer_pid_out(const struct pid *pids, size_t i) { return pids[i].out; }
