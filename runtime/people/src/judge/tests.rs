use super::*;
use crate::rights::Words;
use crate::user::Qualification;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn role(name: &str, actions: &[Action]) -> Role {
    Role {
        name: name.into(),
        title: Words {
            en: name.into(),
            zh: name.into(),
        },
        actions: actions.iter().copied().collect(),
        ..Role::default()
    }
}

fn rules(roles: Vec<Role>) -> Rules {
    Rules {
        roles: roles.into_iter().map(|r| (r.name.clone(), r)).collect(),
        ..Rules::default()
    }
}

fn user(roles: &[&str]) -> User {
    User {
        name: "li".into(),
        roles: roles
            .iter()
            .map(|role| Grant {
                role: (*role).into(),
                areas: None,
            })
            .collect(),
        ..User::default()
    }
}

fn ask(action: Action, area: &str) -> Question {
    Question {
        action,
        area: Some(area.into()),
        class: None,
    }
}

#[test]
fn an_operator_may_operate_and_may_not_tune() {
    let rules = Rules::default();
    let li = user(&["operator"]);
    let need = judge(&rules, &li, &ask(Action::Operate, "U100"), 0).expect("may");
    assert_eq!(need.class, SignatureClass::None);
    let denied = judge(&rules, &li, &ask(Action::Tune, "U100"), 0).expect_err("may not");
    assert!(denied.why.en().contains("Control engineer"), "{denied}");
    assert!(denied.why.zh().contains("控制工程师"), "{denied}");
}

#[test]
fn a_role_of_one_area_reaches_no_other_and_not_the_whole_plant() {
    let mut of_u100 = role("a", &[Action::Operate, Action::Change]);
    of_u100.areas = Some(BTreeSet::from(["U100".to_string()]));
    let rules = rules(vec![of_u100]);
    let li = user(&["a"]);
    assert!(judge(&rules, &li, &ask(Action::Operate, "U100"), 0).is_ok());
    for (action, area) in [(Action::Operate, "U200"), (Action::Change, "")] {
        let denied = judge(&rules, &li, &ask(action, area), 0).expect_err("elsewhere");
        assert!(matches!(denied.why, Why::WrongArea { .. }), "{denied}");
    }
}

#[test]
fn what_belongs_to_no_area_needs_the_right_in_any() {
    let mut rules = Rules::default();
    let mut of_u100 = rules.roles["operator"].clone();
    of_u100.areas = Some(BTreeSet::from(["U100".to_string()]));
    rules.roles.insert("operator".into(), of_u100);
    let li = user(&["operator"]);
    let anywhere = |action| Question {
        area: None,
        ..ask(action, "")
    };
    assert!(judge(&rules, &li, &anywhere(Action::Acknowledge), 0).is_ok());
    assert!(judge(&rules, &li, &anywhere(Action::Change), 0).is_err());
}

#[test]
fn a_grant_narrows_the_areas_of_its_role_and_never_widens_them() {
    let mut of_u100 = role("a", &[Action::Operate]);
    of_u100.areas = Some(BTreeSet::from(["U100".to_string()]));
    let rules = rules(vec![of_u100]);
    let mut li = user(&["a"]);
    li.roles[0].areas = Some(vec!["U200".into()]);
    for area in ["U100", "U200"] {
        assert!(judge(&rules, &li, &ask(Action::Operate, area), 0).is_err());
    }
}

#[test]
fn a_qualification_is_over_from_the_moment_it_names() {
    let mut qualified = role("a", &[Action::Operate, Action::View]);
    qualified.qualification = Some("r101".into());
    let rules = rules(vec![qualified]);
    let mut li = user(&["a"]);
    let why = |li: &User, at| judge(&rules, li, &ask(Action::Operate, ""), at).map_err(|d| d.why);
    let unqualified = |is_over| {
        Err(Why::Unqualified {
            qualification: "r101".into(),
            is_over,
        })
    };
    assert_eq!(why(&li, 0), unqualified(false));
    li.qualifications.push(Qualification {
        name: "r101".into(),
        until_utc_ns: 100,
    });
    assert!(why(&li, 99).is_ok());
    assert_eq!(why(&li, 100), unqualified(true));
    // To look needs no qualification.
    assert!(judge(&rules, &li, &ask(Action::View, ""), 100).is_ok());
}

#[test]
fn a_disabled_user_may_nothing() {
    let mut li = user(&["operator"]);
    li.is_disabled = true;
    for action in Action::ALL {
        let denied = judge(&Rules::default(), &li, &ask(action, ""), 0).expect_err("disabled");
        assert_eq!(denied.why, Why::UserDisabled);
    }
}

#[test]
fn the_second_person_is_another_one_with_the_same_right() {
    let rules = Rules::default();
    let question = ask(Action::Bypass, "U100");
    let mut wang = user(&["shift-lead"]);
    assert_eq!(
        judge_second(&rules, "li", &wang, &question, 0).map_err(|d| d.why),
        Err(Why::SamePerson)
    );
    wang.name = "wang".into();
    assert!(judge_second(&rules, "li", &wang, &question, 0).is_ok());
    wang.roles = user(&["operator"]).roles;
    let denied = judge_second(&rules, "li", &wang, &question, 0).expect_err("no right");
    assert_eq!(denied.who, "wang");
}

#[test]
fn a_tag_may_ask_for_another_signature_than_its_action() {
    let question = Question {
        class: Some(SignatureClass::Second),
        ..ask(Action::Operate, "")
    };
    let need = judge(&Rules::default(), &user(&["operator"]), &question, 0).expect("may");
    assert_eq!(need.class, SignatureClass::Second);
}

fn actions() -> impl Strategy<Value = BTreeSet<Action>> {
    proptest::collection::btree_set(proptest::sample::select(Action::ALL.to_vec()), 0..5)
}

proptest! {
    #[test]
    fn nobody_ever_both_administers_and_operates(
        sets in proptest::collection::vec(actions(), 0..4),
        action in proptest::sample::select(Action::ALL.to_vec()),
        other in proptest::sample::select(Action::ALL.to_vec()),
    ) {
        let roles: Vec<Role> = sets.iter().enumerate().map(|(n, set)| {
            let list: Vec<Action> = set.iter().copied().collect();
            role(&format!("r{n}"), &list)
        }).collect();
        let names: Vec<String> = roles.iter().map(|r| r.name.clone()).collect();
        let li = user(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let rules = rules(roles);
        let may = |a| judge(&rules, &li, &ask(a, ""), 0).is_ok();
        if may(action) && may(other) {
            prop_assert!(!(action == Action::Administer && other.is_of_the_plant()));
        }
    }

    #[test]
    fn a_right_comes_from_a_role_that_has_it_and_from_nowhere_else(
        sets in proptest::collection::vec(actions(), 0..4),
        held in proptest::collection::vec(proptest::bool::ANY, 4),
        action in proptest::sample::select(Action::ALL.to_vec()),
    ) {
        let roles: Vec<Role> = sets.iter().enumerate().map(|(n, set)| {
            let list: Vec<Action> = set.iter().copied().collect();
            role(&format!("r{n}"), &list)
        }).collect();
        let names: Vec<String> = roles.iter().zip(&held).filter(|(_, h)| **h).map(|(r, _)| r.name.clone()).collect();
        let has = sets.iter().zip(&held).any(|(set, h)| *h && set.contains(&action));
        let li = user(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let judged = judge(&rules(roles), &li, &ask(action, "U100"), 0);
        prop_assert!(has || judged.is_err());
        if let Err(denied) = judged {
            prop_assert!(!has || denied.why == Why::NotSeparated);
        }
    }

    #[test]
    fn a_higher_class_never_asks_for_less(
        reason in proptest::bool::ANY, password in proptest::bool::ANY, second in proptest::bool::ANY,
    ) {
        let enough: Vec<bool> = SignatureClass::ALL
            .iter()
            .map(|class| complete(*class, reason, password, second).is_ok())
            .collect();
        for pair in enough.windows(2) {
            prop_assert!(pair[0] || !pair[1]);
        }
        prop_assert_eq!(enough[4], reason && password && second);
    }
}
