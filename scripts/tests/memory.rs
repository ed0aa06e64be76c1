//! In a process of its own: the bound of memory looks at the process.

use scripts::{Script, ScriptText, limits};
use std::collections::BTreeMap;

#[test]
fn what_a_run_hoards_in_a_map_is_bounded() {
    let hoard = ScriptText {
        name: "hoard".into(),
        text:
            "let b = []; b.pad(1000, 0); let m = #{}; let i = 0;\nloop { i += 1; m[`k${i}`] = b; }"
                .into(),
        period_s: 1.0,
        reads: Vec::new(),
        writes: Vec::new(),
        restart: None,
        operations_max: limits::OPERATIONS_MAX,
    };
    let mut script = Script::new(&hoard, Default::default()).expect("a script");
    let fault = script
        .run(BTreeMap::new(), &BTreeMap::new())
        .expect_err("a fault");
    assert!(fault.message.contains("memory grew"), "{fault}");
    assert_eq!(fault.line, 2);
}
