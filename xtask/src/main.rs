//! `cargo xtask tidy`, `problems`, `crash`, `crash-station`, `mutants`.

#![forbid(unsafe_code)]

use std::process::{Command, ExitCode};
use xtask::finding::Level;
use xtask::tree::Tree;

const USAGE: &str = "usage: cargo xtask <command>

  tidy        check the project against its own rules
  problems    list problem codes with their pages, and what is missing
  crash [N]   kill a process that writes the ledger N times (1000) and look for losses
  crash-station [N]
              the same with the whole program, its alarms and shelves
  mutants     try every wrong edition of the demo plant's cause-and-effect matrix";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let done = match (words.next().as_deref(), words.next()) {
        (Some("tidy"), None) => tidy(),
        (Some("problems"), None) => problems(),
        (Some("crash"), count) => campaign(&LEDGER, count.as_deref().unwrap_or("1000")),
        (Some("crash-station"), count) => campaign(&STATION, count.as_deref().unwrap_or("1000")),
        (Some("mutants"), None) => run(&MUTANTS, "all"),
        _ => Err(USAGE.to_string()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn tidy() -> Result<bool, String> {
    let findings = xtask::tidy(&xtask::project_root())?;
    for finding in &findings {
        println!("{finding}");
    }
    let failures = findings
        .iter()
        .filter(|finding| finding.level == Level::Fail)
        .count();
    println!(
        "tidy: {failures} to mend, {} to consider",
        findings.len() - failures
    );
    Ok(failures == 0)
}

/// A test that does more, as a variable says: kills a process so often, tries all.
struct Campaign {
    package: &'static str,
    test: &'static str,
    variable: &'static str,
}

const LEDGER: Campaign = Campaign {
    package: "scanloop-journal",
    test: "crash",
    variable: "SCANLOOP_CRASHES",
};
const STATION: Campaign = Campaign {
    package: "scanloop-tests",
    test: "trial_records",
    variable: "SCANLOOP_KILLS",
};

const MUTANTS: Campaign = Campaign {
    package: "scanloop-tests",
    test: "matrix_mutation",
    variable: "SCANLOOP_MUTANTS",
};

fn campaign(campaign: &Campaign, count: &str) -> Result<bool, String> {
    let count: u32 = count.parse().map_err(|_| USAGE.to_string())?;
    run(campaign, &count.to_string())
}

/// Campaigns are tests of crates that this tool may not import.
fn run(campaign: &Campaign, how: &str) -> Result<bool, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let status = Command::new(cargo)
        .args(["test", "-p", campaign.package, "--test", campaign.test])
        .args(["--", "--nocapture"])
        .env(campaign.variable, how)
        .current_dir(xtask::project_root())
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    Ok(status.success())
}

fn problems() -> Result<bool, String> {
    let tree = Tree::read(&xtask::project_root())?;
    let index = xtask::problems::Index::of(&tree);
    for (code, title) in &index.pages {
        let mark = if index.codes.contains_key(code) {
            ' '
        } else {
            '?'
        };
        println!("{mark} {code} {title}");
    }
    let findings = xtask::problems::check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    Ok(findings.is_empty())
}
