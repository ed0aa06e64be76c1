use super::*;
use crate::resolve::NoDrivers;
use crate::source::Sources;
use scan::Registry;

const PLANT: &str = r#"[plant]
name = "demo"
title = { en = "Demo", zh = "示例" }
[[task]]
name = "fast"
period_ms = 100
"#;

fn sources(unit: &str, list: Option<&str>) -> Sources {
    let unit = format!(
        r#"[unit]
name = "R-102"
title = {{ en = "Hydrogenator", zh = "加氢釜" }}
{unit}
[[tag]]
name = "TT-201.PV"
desc = {{ en = "Temperature", zh = "温度" }}
initial = 1.0
"#
    );
    let mut files = vec![("plant.toml", PLANT.to_string()), ("units/u.toml", unit)];
    files.extend(list.map(|list| ("processes/own.toml", list.to_string())));
    Sources::from_texts(files)
}

fn plant(unit: &str, list: Option<&str>) -> Plant {
    crate::load_sources(sources(unit, list), &Registry::new(), &NoDrivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

fn problems(unit: &str) -> Vec<String> {
    match crate::load_sources(sources(unit, None), &Registry::new(), &NoDrivers) {
        Ok(_) => Vec::new(),
        Err((_, problems)) => problems
            .iter()
            .map(|problem| format!("{} {}", problem.code.number, problem.message))
            .collect(),
    }
}

#[test]
fn each_requirement_is_mapped_waived_or_missing() {
    let plant = plant(
        r#"process = "hydrogenation"
[[supervised]]
requirement = "HYD-P01"
tag = "TT-201.PV"
[[supervised]]
requirement = "HYD-P07"
waived = "hydrogen comes from cylinders"
by = "process safety""#,
        None,
    );
    let table = completeness(&plant);
    assert_eq!(
        table.len(),
        plant.library["hydrogenation"].requirements.len()
    );
    let state = |id: &str| {
        let mut rows = table.iter();
        rows.find(|row| row.requirement.id == id)
            .map(|row| row.state.clone())
    };
    assert_eq!(
        state("HYD-P01"),
        Some(Completeness::Mapped(vec!["TT-201.PV".into()]))
    );
    assert_eq!(
        state("HYD-P07"),
        Some(Completeness::Waived {
            why: "hydrogen comes from cylinders".into(),
            by: "process safety".into()
        })
    );
    assert_eq!(state("HYD-P02"), Some(Completeness::Missing));
    assert!(
        table
            .iter()
            .all(|row| row.title.zh == "加氢工艺" && row.title.en == "Hydrogenation")
    );
    let missing = missing(&plant);
    assert_eq!(missing.len(), table.len() - 2);
    assert!(missing.iter().all(|problem| problem.code.is_warning()));
    let page = missing.render(&plant.sources);
    assert!(page.contains("P0902") && page.contains("搅拌") && page.contains("units/u.toml:4"));
}

#[test]
fn what_does_not_exist_is_told() {
    for (unit, words) in [
        (
            "process = \"hydrogenatoin\"",
            "P0901 there is no supervised process",
        ),
        (
            "process = \"nitration\"\n[[supervised]]\nrequirement = \"NIT-P99\"\ntag = \"TT-201.PV\"",
            "no process of R-102 asks for NIT-P99",
        ),
        (
            "process = \"nitration\"\n[[supervised]]\nrequirement = \"NIT-P01\"\ntag = \"TT-202.PV\"",
            "there is no tag TT-202.PV",
        ),
        (
            "process = \"nitration\"\n[[supervised]]\nrequirement = \"NIT-I01\"\ninterlock = \"C18\"",
            "there is no interlock C18",
        ),
        (
            "process = \"nitration\"\n[[supervised]]\nrequirement = \"NIT-I01\"\ntag = \"TT-201.PV\"",
            "asks for an interlock",
        ),
        (
            "process = \"nitration\"\n[[supervised]]\nrequirement = \"NIT-I01\"\nwaived = \"so\"",
            "by whom",
        ),
        (
            "process = \"nitration\"\n[[supervised]]\nrequirement = \"NIT-I01\"",
            "needs one of",
        ),
        (
            "process = \"nitration\"\n[[supervised]]\nrequirement = \"NIT-P01\"\nwaived = \"so\"\nby = \"me\"\n[[supervised]]\nrequirement = \"NIT-P01\"\ntag = \"TT-201.PV\"",
            "both waived and mapped",
        ),
        ("process = 5", "P0006"),
    ] {
        let found = problems(unit);
        assert!(
            found.iter().any(|told| told.contains(words)),
            "{unit}: {found:?}"
        );
    }
}

#[test]
fn a_plant_lays_its_own_list_over_the_built_in_one() {
    let own = r#"process = "nitration"
version = "company 3"
title = { en = "Nitration", zh = "硝化" }
[[requirement]]
id = "NIT-X01"
kind = "parameter"
text = { en = "second temperature", zh = "第二温度" }
source = "company standard"
confidence = "verified"
"#;
    let plant = plant("process = [\"nitration\", \"sulfonation\"]", Some(own));
    assert_eq!(plant.library["nitration"].version, "company 3");
    assert_eq!(plant.library.len(), 18);
    let table = completeness(&plant);
    let of = |process: &str| table.iter().filter(|row| row.process == process).count();
    assert_eq!(of("nitration"), 1);
    assert!(of("sulfonation") > 10);
}
