//! Conditions in the words of a script, tried in a closed loop.

use station::kinds::{Drivers, blocks};
use station::scenario::{self, Scenario, ScenarioError};
use std::path::Path;

fn plant() -> plant::Plant {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis");
    plant::load(&folder, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

fn scenario(check: &str) -> Scenario {
    let text = format!(
        "title = {{ en = \"Trial\", zh = \"试验\" }}\nfor_s = 3\n[[expect]]\ntext = \"at the end\"\ncheck = '{check}'\n[[expect]]\ntext = \"at a time\"\nat_s = 1.5\ncheck = '{check}'\n"
    );
    toml::from_str(&text).expect("a scenario")
}

#[test]
fn a_condition_passes_or_fails_by_the_tags_it_reads() {
    let plant = plant();
    for (check, passes) in [
        (
            "value(\"TT-101.PV\") > -20.0 && read(\"TT-101.PV\").is_good",
            true,
        ),
        ("value(\"TT-101.PV\") > 149.0", false),
        ("value(\"TT-101.PV\") + 1.0", false),
        ("value(\"TIC-101.MODE\") == 77", false),
    ] {
        let report = scenario::run(&plant, &scenario(check), "trial", |_| {})
            .unwrap_or_else(|error| panic!("{check}: {error}"));
        for outcome in &report.outcomes {
            assert_eq!(outcome.passed, passes, "{check}: {outcome:?}");
            assert_eq!(outcome.wanted, check);
        }
    }
}

#[test]
fn a_wrong_condition_is_refused_before_the_run() {
    let plant = plant();
    for (check, words) in [
        ("value(\"TT-101.PV\") >", "column"),
        ("value(\"TT-999.PV\") > 1", "TT-999.PV"),
        ("write(\"TIC-101.SP\", 1)", "writes nothing"),
    ] {
        let refused = scenario::run(&plant, &scenario(check), "trial", |_| {});
        let error: ScenarioError = refused.err().unwrap_or_else(|| panic!("{check} ran"));
        assert!(error.to_string().contains(words), "{check}: {error}");
    }
}
