use super::*;
use crate::user::{Grant, Qualification};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};
const GOOD: &str = "seven green kettles";

fn rules() -> Rules {
    let mut rules = Rules::default();
    rules.policy.cost = CHEAP;
    rules
}

fn at(seconds: u64) -> Now {
    Now {
        utc_ns: 1_700_000_000_000_000_000 + (seconds * SECOND_NS) as i64,
        mono_ns: seconds * SECOND_NS,
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn enrol(register: &mut Register, name: &str, role: &str) {
    let rules = rules();
    let utc_ns = at(0).utc_ns;
    register
        .add("test", name, &name.to_uppercase(), utc_ns)
        .expect("new");
    let grant = Grant {
        role: role.into(),
        areas: None,
    };
    register
        .grant(&rules, "test", name, grant, utc_ns)
        .expect("a role");
    // Set by themselves, so that nothing is due.
    register
        .set_password(&rules, name, name, &secret(GOOD), utc_ns)
        .expect("good enough");
}

fn office() -> Office {
    let mut register = Register::default();
    enrol(&mut register, "li", "shift-lead");
    enrol(&mut register, "wang", "shift-lead");
    enrol(&mut register, "root", "administrator");
    enrol(&mut register, "op", "operator");
    let identity = Box::new(LocalPasswords::new(CHEAP).expect("hashes"));
    Office::in_memory(rules(), identity, register, at(0))
}

fn ask(action: Action) -> Question {
    Question {
        action,
        area: Some("U100".into()),
        class: None,
    }
}

fn why<T: core::fmt::Debug>(result: Result<T, Denied>) -> Why {
    result.expect_err("denied").why
}

#[test]
fn the_right_password_opens_a_session_and_a_wrong_one_does_not() {
    let office = office();
    let signed_in = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in");
    assert_eq!(
        office
            .who(&signed_in.token, at(1))
            .expect("known")
            .full_name,
        "LI"
    );
    let denied = office
        .sign_in("li", &secret("wrong"), "here", at(0))
        .expect_err("wrong");
    assert_eq!(
        (denied.who.as_str(), &denied.why),
        ("li", &Why::WrongPassword)
    );
    assert_eq!(
        why(office.sign_in("nobody", &secret(GOOD), "here", at(0))),
        Why::UnknownUser
    );
    // A stranger is told the same of both.
    assert_eq!(Why::WrongPassword.said(), Why::UnknownUser.said());
    assert_eq!(Why::WrongPassword.said(), Why::UserLocked.said());
}

#[test]
fn failures_lock_a_user_for_a_time_even_for_the_right_password() {
    let office = office();
    for _ in 0..5 {
        assert_eq!(
            why(office.sign_in("li", &secret("x"), "here", at(1))),
            Why::WrongPassword
        );
    }
    assert_eq!(
        why(office.sign_in("li", &secret(GOOD), "here", at(900))),
        Why::UserLocked
    );
    // The other users are not.
    assert!(office.sign_in("wang", &secret(GOOD), "here", at(2)).is_ok());
    assert!(office.sign_in("li", &secret(GOOD), "here", at(901)).is_ok());
}

#[test]
fn a_success_forgets_failures_and_an_unlimited_lock_waits_for_an_administrator() {
    let office = office();
    for round in 0..3 {
        for _ in 0..4 {
            let _ = office.sign_in("li", &secret("x"), &format!("s{round}"), at(1));
        }
        assert!(office.sign_in("li", &secret(GOOD), "here", at(1)).is_ok());
    }
    let mut strict = rules();
    strict.policy.lockout_s = 0;
    office.set_rules(strict);
    for _ in 0..5 {
        let _ = office.sign_in("li", &secret("x"), "there", at(1));
    }
    assert_eq!(
        why(office.sign_in("li", &secret(GOOD), "here", at(10_000_000))),
        Why::UserLocked
    );
}

#[test]
fn one_source_that_fails_often_must_wait_and_others_need_not() {
    let office = office();
    for n in 0..20 {
        let _ = office.sign_in(&format!("nobody{n}"), &secret("x"), "there", at(1));
    }
    assert_eq!(
        why(office.sign_in("li", &secret(GOOD), "there", at(2))),
        Why::TooManyFailures
    );
    assert!(office.sign_in("li", &secret(GOOD), "here", at(2)).is_ok());
    assert!(office.sign_in("li", &secret(GOOD), "there", at(61)).is_ok());
}

#[test]
fn an_idle_session_locks_keeps_its_owner_and_opens_by_the_password() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    assert!(office.may(&token, &ask(Action::Operate), at(899)).is_ok());
    assert_eq!(
        why(office.may(&token, &ask(Action::Operate), at(899 + 900))),
        Why::SessionLocked
    );
    // Locked stays locked, whatever the clock says next.
    assert_eq!(
        why(office.may(&token, &ask(Action::Operate), at(900))),
        Why::SessionLocked
    );
    assert!(office.who(&token, at(1_800)).expect("known").is_locked);
    assert_eq!(
        why(office.unlock(&token, &secret("x"), "here", at(1_801))),
        Why::WrongPassword
    );
    assert!(
        office
            .unlock(&token, &secret(GOOD), "here", at(1_801))
            .is_ok()
    );
    assert!(office.may(&token, &ask(Action::Operate), at(1_802)).is_ok());
}

#[test]
fn looking_is_no_activity_and_a_session_ends_after_its_time() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    for second in 0..900 {
        let _ = office.who(&token, at(second));
    }
    assert_eq!(why(office.active(&token, at(900))), Why::SessionLocked);
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    for quarter in 0..96 {
        assert!(office.active(&token, at(quarter * 450)).is_ok());
    }
    assert_eq!(why(office.active(&token, at(12 * 3_600))), Why::SessionOver);
    assert_eq!(why(office.active(&token, at(12 * 3_600))), Why::NoSession);
}

#[test]
fn a_wall_clock_that_steps_back_opens_no_session_and_one_that_steps_on_ends_none() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(1_000))
        .expect("signs in")
        .token;
    let stepped = |utc_s: u64, mono_s: u64| Now {
        utc_ns: at(utc_s).utc_ns,
        mono_ns: at(mono_s).mono_ns,
    };
    assert!(office.active(&token, stepped(90_000, 1_001)).is_ok());
    assert_eq!(
        why(office.active(&token, stepped(0, 1_001 + 900))),
        Why::SessionLocked
    );
    assert_eq!(
        why(office.active(&token, stepped(0, 1_000 + 12 * 3_600))),
        Why::SessionOver
    );
}

#[test]
fn a_signed_out_or_guessed_token_is_no_session() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    assert_eq!(office.sign_out(&token).as_deref(), Some("li"));
    assert_eq!(why(office.active(&token, at(1))), Why::NoSession);
    let guessed = Token::parse(&"0".repeat(64)).expect("the form of one");
    assert_eq!(why(office.active(&guessed, at(1))), Why::NoSession);
}

#[test]
fn a_disabled_user_loses_the_right_at_the_next_question() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    office
        .state()
        .register
        .disable("root", "li", true, 0)
        .expect("known");
    assert_eq!(
        why(office.may(&token, &ask(Action::Operate), at(1))),
        Why::UserDisabled
    );
}

fn given(second: &str, password: &str) -> Given {
    Given {
        reason: "sensor is in calibration".into(),
        password: Some(secret(GOOD)),
        second: Some(crate::signature::Second {
            user: second.into(),
            password: secret(password),
            meaning: None,
        }),
        meaning: Meaning::Performed,
    }
}

#[test]
fn a_second_person_signs_with_name_meaning_and_the_digest_of_what_was_signed() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    let sign = |given: Given| {
        office.sign(
            &token,
            &ask(Action::Bypass),
            &given,
            "bypass C01",
            "here",
            at(1),
        )
    };
    let signed = sign(given("wang", GOOD)).expect("signed");
    let names: Vec<&str> = signed.iter().map(|s| s.full_name.as_str()).collect();
    assert_eq!(names, ["LI", "WANG"]);
    assert_eq!(signed[1].meaning, Meaning::Verified);
    assert!(
        signed
            .iter()
            .all(|s| s.of == sha256(b"bypass C01") && s.method == "password")
    );
}

#[test]
fn the_same_second_person_a_wrong_password_or_a_missing_right_signs_nothing() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    let sign = |given: Given| office.sign(&token, &ask(Action::Bypass), &given, "x", "here", at(1));
    assert_eq!(why(sign(given("li", GOOD))), Why::SamePerson);
    let denied = sign(given("wang", "wrong")).expect_err("wrong");
    assert_eq!(
        (denied.who.as_str(), denied.why),
        ("wang", Why::WrongPassword)
    );
    assert!(matches!(why(sign(given("op", GOOD))), Why::NoRight { .. }));
    for (reason, password, second, missing) in [
        ("  ", true, true, crate::denied::Missing::Reason),
        ("r", false, true, crate::denied::Missing::Password),
        ("r", true, false, crate::denied::Missing::Second),
    ] {
        let mut less = given("wang", GOOD);
        less.reason = reason.into();
        less.password = less.password.filter(|_| password);
        less.second = less.second.filter(|_| second);
        let class = SignatureClass::Second;
        assert_eq!(why(sign(less)), Why::SignatureMissing { class, missing });
    }
}

#[test]
fn guessing_by_signatures_locks_as_guessing_by_sign_in_does() {
    let office = office();
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    for _ in 0..5 {
        let _ = office.sign(
            &token,
            &ask(Action::Bypass),
            &given("wang", "x"),
            "x",
            "here",
            at(1),
        );
    }
    assert_eq!(
        why(office.sign_in("wang", &secret(GOOD), "here", at(2))),
        Why::UserLocked
    );
}

#[test]
fn an_expired_qualification_of_the_second_person_is_their_denial() {
    let office = office();
    {
        let mut state = office.state();
        let lead = state.rules.roles.get_mut("shift-lead").expect("there");
        lead.qualification = Some("mos".into());
        for (name, days) in [("li", 2), ("wang", 0)] {
            let q = Qualification {
                name: "mos".into(),
                until_utc_ns: at(0).utc_ns + days * DAY_NS,
            };
            state.register.qualify("root", name, q, 0).expect("known");
        }
    }
    let token = office
        .sign_in("li", &secret(GOOD), "here", at(0))
        .expect("signs in")
        .token;
    let denied = office
        .sign(
            &token,
            &ask(Action::Bypass),
            &given("wang", GOOD),
            "x",
            "here",
            at(1),
        )
        .expect_err("over");
    assert_eq!(denied.who, "wang");
    assert!(matches!(denied.why, Why::Unqualified { is_over: true, .. }));
}

#[test]
fn a_password_set_by_another_must_be_changed_before_anything_is_done() {
    let office = office();
    office
        .state()
        .register
        .set_password(
            &rules(),
            "root",
            "li",
            &secret("nine blue kettles sing"),
            at(0).utc_ns,
        )
        .expect("good");
    let signed_in = office
        .sign_in("li", &secret("nine blue kettles sing"), "here", at(0))
        .expect("signs in");
    assert!(signed_in.must_change);
    let token = signed_in.token;
    assert_eq!(
        why(office.may(&token, &ask(Action::Operate), at(1))),
        Why::PasswordToChange
    );
    let change = |new: &str| {
        office.change_password(
            &token,
            &secret("nine blue kettles sing"),
            &secret(new),
            "here",
            at(2),
        )
    };
    assert!(
        matches!(why(change(GOOD)), Why::WeakPassword { .. }),
        "used before"
    );
    assert!(change("ten red kettles rest").is_ok());
    assert!(office.may(&token, &ask(Action::Operate), at(3)).is_ok());
    assert!(
        office
            .sign_in("li", &secret("ten red kettles rest"), "here", at(3))
            .is_ok()
    );
}

#[test]
fn an_old_password_is_due() {
    let office = office();
    let signed_in = office
        .sign_in("li", &secret(GOOD), "here", at(366 * 86_400))
        .expect("signs in");
    assert!(signed_in.must_change);
}

#[test]
fn with_nobody_enrolled_the_denial_says_how_to_enrol() {
    let identity = Box::new(LocalPasswords::new(CHEAP).expect("hashes"));
    let office = Office::in_memory(rules(), identity, Register::default(), at(0));
    let denied = office
        .sign_in("admin", &secret("admin"), "here", at(0))
        .expect_err("nobody");
    assert_eq!(denied.why, Why::NobodyEnrolled);
    assert!(denied.why.said().0.contains("scanloop users add"));
}

struct Counting(Arc<AtomicUsize>);

impl Identity for Counting {
    fn proves(&self, user: Option<&User>, _: &Secret) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        user.is_some()
    }
}

#[test]
fn an_unknown_a_locked_and_a_disabled_user_cost_the_same_check_as_a_known_one() {
    let count = Arc::new(AtomicUsize::new(0));
    let mut register = Register::default();
    enrol(&mut register, "li", "operator");
    enrol(&mut register, "off", "operator");
    register.disable("root", "off", true, 0).expect("known");
    let identity = Box::new(Counting(Arc::clone(&count)));
    let office = Office::in_memory(rules(), identity, register, at(0));
    office
        .state()
        .failures
        .insert("li".into(), (5, Some(u64::MAX)));
    for name in ["nobody", "li", "off"] {
        let before = count.load(Ordering::Relaxed);
        assert!(office.sign_in(name, &secret("x"), "here", at(0)).is_err());
        assert_eq!(count.load(Ordering::Relaxed), before + 1, "{name}");
    }
}

#[test]
fn the_hash_of_nobody_has_the_cost_of_everybody() {
    let cost = Cost {
        memory_kib: 64,
        passes: 3,
        lanes: 1,
    };
    let local = LocalPasswords::new(cost).expect("hashes");
    assert!(local.nobody.contains("m=64,t=3,p=1"), "{}", local.nobody);
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("people-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_lock_outlives_the_station_and_an_unlock_by_another_process_is_seen() {
    let folder = Folder::new("lock");
    let store = Store::new(&folder.0);
    let made = store.change(|register| {
        enrol(register, "li", "operator");
        Ok::<(), ()>(())
    });
    assert_eq!(made.expect("written"), Ok(()));
    let open = || {
        let identity = Box::new(LocalPasswords::new(CHEAP).expect("hashes"));
        Office::open(rules(), identity, Store::new(&folder.0), at(0)).expect("readable")
    };
    let first = open();
    for _ in 0..5 {
        let _ = first.sign_in("li", &secret("x"), "here", at(0));
    }
    let second = open();
    assert_eq!(
        why(second.sign_in("li", &secret(GOOD), "here", at(1))),
        Why::UserLocked
    );
    let unlocked = store.change(|register| register.unlock("console", "li", 1));
    assert_eq!(unlocked.expect("written"), Ok(()));
    let notes = second.refresh().expect("readable");
    assert!(notes.iter().any(|note| note.why == "unlocked"), "{notes:?}");
    assert!(second.sign_in("li", &secret(GOOD), "here", at(1)).is_ok());
    second.recorded(&notes).expect("written");
    assert_eq!(second.refresh().expect("readable"), Vec::new());
    assert_eq!(open().refresh().expect("readable"), Vec::new());
}

#[test]
fn a_refused_change_leaves_the_file_as_it_was_and_a_torn_file_is_an_error() {
    let folder = Folder::new("torn");
    let store = Store::new(&folder.0);
    let added = store.change(|register| register.add("console", "li", "Li", 0));
    assert_eq!(added.expect("written"), Ok(()));
    let before = std::fs::read(store.path()).expect("there");
    let again = store.change(|register| register.add("console", "li", "Li", 0));
    assert!(again.expect("readable").is_err());
    assert_eq!(std::fs::read(store.path()).expect("there"), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(store.path())
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0);
    }
    std::fs::write(store.path(), &before[..before.len() / 2]).expect("writes");
    assert!(matches!(store.read(), Err(StoreError::NotARegister { .. })));
    assert!(store.change(|_| Ok::<(), ()>(())).is_err());
}

#[test]
fn the_register_refuses_roles_that_mix_and_names_that_are_taken() {
    let mut register = Register::default();
    enrol(&mut register, "li", "operator");
    let admin = Grant {
        role: "administrator".into(),
        areas: None,
    };
    let mixed = register.grant(&rules(), "root", "li", admin.clone(), 0);
    assert_eq!(
        mixed,
        Err(crate::register::RegisterError::Mixed { name: "li".into() })
    );
    register.revoke("root", "li", "operator", 0).expect("held");
    assert!(register.grant(&rules(), "root", "li", admin, 0).is_ok());
    assert!(register.add("root", "li", "Another Li", 0).is_err());
    for bad in ["", "Li", "1li", "li wang", "li\u{202e}", &"a".repeat(33)] {
        assert!(register.add("root", bad, "x", 0).is_err(), "{bad}");
    }
}

#[test]
fn a_wallboard_is_known_by_its_token_only() {
    let mut register = Register::default();
    let token = register.add_wallboard("root", "hall", 0).expect("random");
    let identity = Box::new(LocalPasswords::new(CHEAP).expect("hashes"));
    let office = Office::in_memory(rules(), identity, register, at(0));
    assert_eq!(office.wallboard(&token).as_deref(), Some("hall"));
    assert_eq!(office.wallboard(&Token::new().expect("random")), None);
    assert!(office.may(&token, &ask(Action::Operate), at(0)).is_err());
}
