use super::*;
use proptest::prelude::*;
use signal::math;

const WIDE: PidShape = PidShape {
    b: 1.0,
    c: 0.0,
    n: 10.0,
    out_lo: -1e6,
    out_hi: 1e6,
    out_rate: f64::INFINITY,
    is_direct: false,
};

fn law(shape: PidShape, kp: f64, ti_s: f64, td_s: f64, dt_s: f64) -> PidLaw {
    let mut law = PidLaw::new(shape);
    law.tune(PidTuning { kp, ti_s, td_s }, dt_s);
    law
}

// ---- open loop, against closed forms ------------------------------------------

#[test]
fn p_answers_a_step_with_its_gain() {
    let mut p = law(WIDE, 3.0, 0.0, 0.0, 0.1);
    p.align(0.0, 0.0, 0.0, 10.0);
    for _ in 0..100 {
        assert_eq!(p.step(2.0, 0.0, 0.0, 10.0), 16.0);
    }
}

#[test]
fn pi_answers_a_step_with_gain_and_ramp() {
    // u(t) = K·e·(1 + t/Ti)
    let mut pi = law(WIDE, 2.0, 5.0, 0.0, 0.1);
    pi.align(0.0, 0.0, 0.0, 0.0);
    let mut last = 0.0;
    for k in 0..1000 {
        last = pi.step(1.5, 0.0, 0.0, last);
        let exact = 2.0 * 1.5 * (1.0 + 0.1 * f64::from(k) / 5.0);
        assert!((last - exact).abs() < 1e-9, "scan {k}: {last} {exact}");
    }
}

#[test]
fn pd_answers_a_ramp_of_the_measurement_exactly() {
    // y = a·t: D = −K·Td·a·(1 − e^(−N·t/Td)), P = −K·a·t
    let (k, td, n, dt, a) = (2.0, 4.0, 8.0, 0.05, 0.3);
    let mut pd = law(WIDE, k, 0.0, td, dt);
    pd.rest.n = n;
    pd.set_coefficients(pd.rest.tuning, dt);
    pd.align(0.0, 0.0, 0.0, 0.0);
    let mut last = 0.0;
    for scan in 1..400 {
        let t = dt * f64::from(scan);
        last = pd.step(0.0, a * t, 0.0, last);
        let exact = -k * a * t - k * td * a * (1.0 - math::exp(-n * t / td));
        assert!((last - exact).abs() < 1e-9, "t {t}: {last} {exact}");
    }
}

#[test]
fn derivative_kick_is_bounded_by_the_filter_and_decays_with_it() {
    // A step of the measurement: D = −K·N·e^(−N·t/Td), from one scan's ramp.
    let (k, td, n, dt) = (2.0, 4.0, 10.0, 0.001);
    let mut pd = law(WIDE, k, 0.0, td, dt);
    pd.align(0.0, 0.0, 0.0, 0.0);
    let mut last = 0.0;
    for scan in 0..4000 {
        last = pd.step(0.0, 1.0, 0.0, last);
        let t = dt * f64::from(scan);
        let exact = -k - k * n * math::exp(-n * t / td);
        assert!((last - exact).abs() < 2e-3 * k * n, "t {t}: {last} {exact}");
        assert!(last >= -k - k * n);
    }
    for dt in [0.01, 0.1, 1.0, 10.0] {
        let mut pd = law(WIDE, k, 0.0, td, dt);
        pd.align(0.0, 0.0, 0.0, 0.0);
        assert!(pd.step(0.0, 1.0, 0.0, 0.0) >= -k - k * n, "dt {dt}");
    }
}

#[test]
fn the_set_point_does_not_kick_through_p_and_d_with_weights_zero() {
    let mut pid = law(PidShape { b: 0.0, ..WIDE }, 2.0, 10.0, 3.0, 0.1);
    pid.align(1.0, 1.0, 0.0, 50.0);
    assert!((pid.step(1.0, 1.0, 0.0, 50.0) - 50.0).abs() < 1e-12);
    assert!((pid.step(9.0, 1.0, 0.0, 50.0) - 50.0).abs() < 1e-12);
}

#[test]
fn direct_action_is_the_mirror_of_reverse() {
    let mut reverse = law(WIDE, 2.0, 10.0, 3.0, 0.1);
    let mut direct = law(
        PidShape {
            is_direct: true,
            ..WIDE
        },
        2.0,
        10.0,
        3.0,
        0.1,
    );
    let (mut up, mut down) = (0.0, 0.0);
    for scan in 0..200 {
        let pv = math::sin(f64::from(scan) * 0.1);
        up = reverse.step(0.5, pv, 0.0, up);
        down = direct.step(0.5, pv, 0.0, down);
        assert!((up + down).abs() < 1e-9);
    }
}

// ---- closed loop, against published numbers ------------------------------------

/// A process with one input and one output, stepped with the input held.
trait Process {
    fn step(&mut self, u: f64, dt_s: f64) -> f64;
}

/// `e^(−θs)/(T·s + 1)`, exact.
struct Fopdt {
    t_s: f64,
    x: f64,
    queue: std::collections::VecDeque<f64>,
}

impl Fopdt {
    fn new(t_s: f64, theta_s: f64, dt_s: f64) -> Fopdt {
        let scans = math::round(theta_s / dt_s) as usize;
        Fopdt {
            t_s,
            x: 0.0,
            queue: std::iter::repeat_n(0.0, scans).collect(),
        }
    }
}

impl Process for Fopdt {
    fn step(&mut self, u: f64, dt_s: f64) -> f64 {
        self.queue.push_back(u);
        let u = self.queue.pop_front().unwrap_or(u);
        self.x += (1.0 - math::exp(-dt_s / self.t_s)) * (u - self.x);
        self.x
    }
}

/// `1/(s + 1)ⁿ` by four-stage Runge-Kutta.
struct Lags<const N: usize>([f64; N]);

impl<const N: usize> Lags<N> {
    fn slope(x: &[f64; N], u: f64) -> [f64; N] {
        std::array::from_fn(|i| if i == 0 { u - x[0] } else { x[i - 1] - x[i] })
    }
}

impl<const N: usize> Process for Lags<N> {
    fn step(&mut self, u: f64, h: f64) -> f64 {
        let x = self.0;
        let at = |k: &[f64; N], f: f64| std::array::from_fn(|i| x[i] + f * h * k[i]);
        let k1 = Self::slope(&x, u);
        let k2 = Self::slope(&at(&k1, 0.5), u);
        let k3 = Self::slope(&at(&k2, 0.5), u);
        let k4 = Self::slope(&at(&k3, 1.0), u);
        self.0 = std::array::from_fn(|i| x[i] + h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]));
        self.0[N - 1]
    }
}

struct Response {
    iae: f64,
    ie: f64,
    peak: f64,
    end: f64,
}

/// Closes the loop around a process, with a unit step of the set-point or of a
/// load at the process input.
fn close(
    mut law: PidLaw,
    mut process: impl Process,
    sp: f64,
    load: f64,
    dt_s: f64,
    end_s: f64,
) -> Response {
    let (mut pv, mut out) = (0.0, 0.0);
    let mut response = Response {
        iae: 0.0,
        ie: 0.0,
        peak: f64::MIN,
        end: 0.0,
    };
    for _ in 0..math::round(end_s / dt_s) as usize {
        out = law.step(sp, pv, 0.0, out);
        let next = process.step(out + load, dt_s);
        let error = 0.5 * (sp - pv) + 0.5 * (sp - next);
        response.iae += error.abs() * dt_s;
        response.ie += error * dt_s;
        pv = next;
        response.peak = response.peak.max(pv);
    }
    response.end = pv;
    response
}

fn assert_near(value: f64, published: f64, tolerance: f64, what: &str) {
    assert!(
        (value - published).abs() <= tolerance * published,
        "{what}: {value}, published {published}"
    );
}

/// Skogestad, "Simple analytic rules for model reduction and PID controller
/// tuning", J. Process Control 13 (2003) 291–309: PI with Kc = T/(k·2θ), Ti = T on
/// a first-order process with dead time; set-point IAE 2.17 θ, load IAE Ti/Kc.
#[test]
fn simc_pi_on_first_order_with_dead_time() {
    for (t_s, theta_s) in [(1.0, 1.0), (4.0, 1.0), (8.0, 1.0), (30.0, 10.0)] {
        let dt = theta_s / 500.0;
        let (kc, ti) = (t_s / (2.0 * theta_s), t_s);
        let end = 40.0 * theta_s + 10.0 * t_s;
        let pi = || law(WIDE, kc, ti, 0.0, dt);
        let sp = close(pi(), Fopdt::new(t_s, theta_s, dt), 1.0, 0.0, dt, end);
        assert_near(sp.iae, 2.17 * theta_s, 0.01, "set-point IAE");
        assert_near(sp.peak, 1.041, 0.005, "peak");
        let load = close(pi(), Fopdt::new(t_s, theta_s, dt), 0.0, 1.0, dt, end);
        // The error integral is exact; the absolute one a little more where the
        // response swings through zero.
        assert_near(-load.ie, ti / kc, 0.002, "load IE");
        assert_near(load.iae, ti / kc, 0.02, "load IAE");
        assert!(load.end.abs() < 1e-4);
    }
}

/// The same paper's example `1/(s + 1)⁴`, PI by the half rule: Kc 0.3, Ti 1.5.
/// Numbers computed independently (Runge-Kutta, another language).
#[test]
fn simc_pi_on_four_equal_lags() {
    let dt = 0.002;
    let pi = || law(WIDE, 0.3, 1.5, 0.0, dt);
    let sp = close(pi(), Lags::<4>([0.0; 4]), 1.0, 0.0, dt, 80.0);
    assert_near(sp.iae, 5.588, 0.01, "set-point IAE");
    assert_near(sp.peak, 1.048, 0.005, "peak");
    let load = close(pi(), Lags::<4>([0.0; 4]), 0.0, 1.0, dt, 80.0);
    assert_near(load.iae, 5.40, 0.01, "load IAE");
}

/// The error integral of a load response is Ti/Kc whatever the process and the
/// derivative (Åström & Hägglund 2006, ch. 4): the integral must end at the load.
#[test]
fn derivative_action_settles_a_load_too() {
    let dt = 0.002;
    let shape = PidShape { n: 10.0, ..WIDE };
    // The half-rule PID in series form 0.5/1.5/1.0 in the standard form.
    let (kc, ti, td) = (0.5 * (1.0 + 1.0 / 1.5), 2.5, 0.6);
    let load = close(
        law(shape, kc, ti, td, dt),
        Lags::<4>([0.0; 4]),
        0.0,
        1.0,
        dt,
        100.0,
    );
    assert_near(-load.ie, ti / kc, 0.001, "load IE");
    assert!(load.end.abs() < 1e-5);
}

// ---- limits ----------------------------------------------------------------------

#[test]
fn the_output_leaves_its_limit_in_the_scan_in_which_the_error_changes_sign() {
    let shape = PidShape {
        out_lo: 0.0,
        out_hi: 100.0,
        ..WIDE
    };
    let mut pi = law(shape, 2.0, 20.0, 0.0, 0.1);
    pi.align(0.0, 0.0, 0.0, 0.0);
    let mut out = 0.0;
    for _ in 0..10_000 {
        out = pi.step(100.0, 10.0, 0.0, out);
    }
    assert_eq!(out, 100.0);
    assert!(
        pi.integral() <= 100.0,
        "an hour at the limit, and no windup"
    );
    out = pi.step(100.0, 100.0 + 1e-6, 0.0, out);
    assert!(out < 100.0, "{out}");
}

#[test]
fn recovery_from_saturation_does_not_overshoot_like_a_wound_up_loop() {
    // First order, T = 10 s, gain 1; the limit allows 1.1 for a set-point of 1.
    let (dt, t_s) = (0.05, 10.0);
    let narrow = PidShape {
        out_lo: 0.0,
        out_hi: 1.1,
        ..WIDE
    };
    let overshoot = |anti_windup: bool| {
        let mut pi = law(narrow, 5.0, 4.0, 0.0, dt);
        if !anti_windup {
            pi.reset = 0.0;
            pi.k_integral = 5.0 * dt / 4.0;
        }
        close(pi, Fopdt::new(t_s, 0.0, dt), 1.0, 0.0, dt, 300.0).peak - 1.0
    };
    let (with, without) = (overshoot(true), overshoot(false));
    assert!(with < 0.02, "{with}");
    assert!(without > 0.05, "{without}: the test would see windup");
}

#[test]
fn a_limited_rate_does_not_wind_up_either() {
    let shape = PidShape {
        out_lo: 0.0,
        out_hi: 100.0,
        out_rate: 1.0,
        ..WIDE
    };
    let mut pi = law(shape, 2.0, 10.0, 0.0, 0.1);
    pi.align(0.0, 0.0, 0.0, 0.0);
    let mut out = 0.0;
    for scan in 1..=300 {
        let next = pi.step(40.0, 0.0, 0.0, out);
        assert!((next - out).abs() <= 0.1 + 1e-12, "scan {scan}");
        out = next;
    }
    // Error gone: what is left is the integral, not far above the output.
    assert!(pi.integral() <= out, "{} {out}", pi.integral());
}

#[test]
fn a_change_of_tuning_does_not_move_the_output() {
    let mut pi = law(PidShape { b: 0.4, ..WIDE }, 2.0, 10.0, 0.0, 0.1);
    pi.align(50.0, 50.0, 0.0, 37.0);
    let before = pi.step(50.0, 50.0, 0.0, 37.0);
    for (kp, ti_s, td_s) in [
        (5.0, 10.0, 0.0),
        (5.0, 1.0, 4.0),
        (0.1, 0.0, 0.0),
        (0.0, 3.0, 1.0),
    ] {
        pi.tune(PidTuning { kp, ti_s, td_s }, 0.1);
        let after = pi.step(50.0, 50.0, 0.0, before);
        assert!(
            (after - before).abs() < 1e-9 * 100.0,
            "{kp} {ti_s} {td_s}: {after}"
        );
    }
}

#[test]
fn external_reset_holds_the_integral_where_the_valve_is() {
    // The valve is stuck at 30 while the law wants more and more.
    let mut pi = law(WIDE, 2.0, 10.0, 0.0, 0.1);
    pi.align(10.0, 10.0, 0.0, 30.0);
    let mut out = 30.0;
    for _ in 0..10_000 {
        pi.reset_towards(30.0, out);
        out = pi.step(20.0, 10.0, 0.0, out);
    }
    // I is the lag of the valve: u = K·e + 30.
    assert!((out - 50.0).abs() < 0.5, "{out}");
}

fn any_real() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1e3..1e3f64,
        -1e308..1e308f64,
        Just(f64::MAX),
        Just(f64::MIN),
        Just(0.0),
        Just(f64::MIN_POSITIVE),
    ]
}

proptest! {
    #[test]
    fn the_output_is_always_finite_and_within_its_limits(
        b in 0.0..1.0f64,
        c in 0.0..1.0f64,
        is_direct: bool,
        out_rate in prop_oneof![Just(f64::INFINITY), 1e-3..1e3f64],
        scans in prop::collection::vec(
            (any_real(), any_real(), any_real(), 0.0..1e9f64, 0.0..1e9f64, 0.0..1e9f64, 1e-3..60.0f64),
            1..60,
        ),
    ) {
        let shape = PidShape { b, c, n: 10.0, out_lo: -5.0, out_hi: 105.0, out_rate, is_direct };
        let mut law = PidLaw::new(shape);
        let mut out = 50.0;
        for (sp, pv, ff, kp, ti_s, td_s, dt) in scans {
            law.tune(PidTuning { kp, ti_s, td_s }, dt);
            out = law.step(sp, pv, ff, out);
            prop_assert!((-5.0..=105.0).contains(&out), "{out}");
            prop_assert!(law.integral.is_finite() && law.derivative.is_finite());
            prop_assert!(law.proportion_last.is_finite() && law.aim_last.is_finite());
        }
    }

    #[test]
    fn alignment_gives_the_wanted_output(
        sp in -1e3..1e3f64, pv in -1e3..1e3f64, ff in -50.0..50.0f64, out in 0.0..100.0f64,
        kp in 0.0..50.0f64, b in 0.0..1.0f64,
    ) {
        let shape = PidShape { b, out_lo: 0.0, out_hi: 100.0, ..WIDE };
        let mut law = law(shape, kp, 10.0, 3.0, 0.1);
        law.align(sp, pv, ff, out);
        prop_assert!((law.step(sp, pv, ff, out) - out).abs() < 1e-9 * 100.0);
    }
}
