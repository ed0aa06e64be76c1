//! The command line.

mod scenarios;

use clap::{Parser, Subcommand};
use gateway::desk::TaskTiming;
use indicatif::{ProgressBar, ProgressStyle};
use plant::{Diagnostics, Plant, Sources};
use scenarios::TestArguments;
use station::alarms::{self, Form};
use station::audit::{self, Audit};
use station::lint::lint;
use station::matrix_test;
use station::replay::{Verdict, replay, segments};
use station::run::{RunOptions, run as run_plant};
use station::{kinds, processes, prove, tags_csv, trend};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Real-time control and supervisory runtime for pharmaceutical and fine-chemical
/// plants. A basic process control system: no function of it has a SIL.
#[derive(Debug, Parser)]
#[command(name = "scanloop", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run a plant: in simulation unless --live.
    Run(RunArguments),
    /// Check a plant's text: exit code 0 if it has no problem, 1 otherwise.
    Check {
        /// Folder of the plant.
        plant: PathBuf,
        /// Problems as JSON.
        #[arg(long)]
        json: bool,
    },
    /// What differs between two texts of a plant, and what an online change from the
    /// first to the second would touch.
    Diff {
        /// Folder of the plant as it is.
        old: PathBuf,
        /// Folder of the plant as it is to be.
        new: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run a plant's closed-loop scenarios as fast as the machine allows.
    Test(TestArguments),
    /// Test the protect stage against its cause-and-effect matrices, exhaustively: exit
    /// code 0 if every row, column and device does what they say.
    Matrix {
        /// Folder of the plant.
        plant: PathBuf,
        /// Also write the figures as CSV here.
        #[arg(long)]
        csv: Option<PathBuf>,
        /// Also write a report to print and sign here.
        #[arg(long)]
        html: Option<PathBuf>,
        /// Date that the report bears; none without it.
        #[arg(long)]
        date: Option<String>,
    },
    /// Replay a recording and compare every digest.
    Replay {
        /// A recording (*.slrec) or a folder of recordings.
        recording: PathBuf,
        /// Compare against this plant's text instead.
        #[arg(long)]
        with: Option<PathBuf>,
    },
    /// Verify, list or copy out the audit trail of a data folder.
    #[command(subcommand)]
    Audit(Audit),
    /// Write the tags of a plant as CSV, or take descriptions and limits from one.
    Tags {
        /// Folder of the plant.
        plant: PathBuf,
        /// Take from this CSV.
        #[arg(long)]
        import: Option<PathBuf>,
        /// Write to this file instead of standard output.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Hold a plant's units against the requirements of their supervised processes.
    Processes {
        /// Folder of the plant; not needed with --list.
        plant: Option<PathBuf>,
        /// As JSON.
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// As CSV.
        #[arg(long)]
        csv: bool,
        /// Print the lists themselves.
        #[arg(long)]
        list: bool,
    },
    /// Prove a plant's cause-and-effect matrices, and say what was proved.
    Prove {
        /// Folder of the plant.
        #[arg(default_value = "plants/synthesis")]
        plant: PathBuf,
    },
    /// Who is enrolled at a station, with which roles and qualifications.
    Users(station::users::UsersArguments),
    /// Alarms of a plant.
    Alarms {
        /// What to print.
        #[command(subcommand)]
        what: AlarmAction,
    },
    /// Copy everything that stays of a station, while it runs
    Backup(station::backup::BackupArguments),
    /// Verify a backup, and put it into a new data folder
    Restore(station::backup::RestoreArguments),
    /// Show the history of a tag: a line and a table, or its points.
    Trend(TrendArguments),
    /// Explain a diagnostic by its number.
    Explain {
        /// Such as P0213.
        number: String,
    },
    /// Print the version.
    Version,
}

#[derive(Clone, Debug, Subcommand)]
enum AlarmAction {
    /// Print the master alarm database: every alarm with its rationalisation.
    List {
        /// Folder of the plant.
        #[arg(default_value = "plants/synthesis")]
        plant: PathBuf,
        /// Print CSV.
        #[arg(long)]
        csv: bool,
        /// Print JSON.
        #[arg(long, conflicts_with = "csv")]
        json: bool,
    },
    /// Key figures of the alarms of a station, after ISA-18.2 and EEMUA 191.
    Kpi {
        /// Data folder of the station, such as data/live, or the folder of a ledger.
        data: PathBuf,
        /// From this time on, such as 2026-11-22 or 2026-11-22T14:03+08:00.
        #[arg(long, value_parser = audit::instant)]
        from: Option<i64>,
        /// Before this time.
        #[arg(long, value_parser = audit::instant)]
        to: Option<i64>,
        /// Folder of the plant, for what its text says of floods, chattering and stale
        /// alarms; without it the product's defaults hold.
        #[arg(long)]
        plant: Option<PathBuf>,
        /// Print CSV.
        #[arg(long)]
        csv: bool,
        /// Print JSON.
        #[arg(long, conflicts_with = "csv")]
        json: bool,
    },
}

#[derive(Clone, Debug, clap::Args)]
struct RunArguments {
    /// Folder of the plant.
    #[arg(default_value = "plants/synthesis")]
    plant: PathBuf,
    /// Run against the real devices of the plant's text.
    #[arg(long)]
    live: bool,
    /// Do not serve the operator interface.
    #[arg(long)]
    headless: bool,
    /// Simulate this many times faster than real time.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// End after this long of plant time: 60s, 5m, 2h.
    #[arg(long = "for", value_parser = duration)]
    run_for: Option<Duration>,
    /// Folder for records and recordings.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Second place for the signed checkpoints of the audit trail: a folder, best on
    /// another machine.
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// Address of the operator interface; other than loopback only with [hmi] in the
    /// plant's text, which names a certificate.
    #[arg(long, default_value = "127.0.0.1:8080")]
    hmi: SocketAddr,
    /// Scenario whose steps are played in simulation; "none" for none.
    #[arg(long, default_value = "demo")]
    play: String,
}

#[derive(Clone, Debug, clap::Args)]
struct TrendArguments {
    /// Folder of the history.
    folder: PathBuf,
    /// Tag, such as TT-101.PV.
    #[arg(required_unless_present = "list")]
    tag: Option<String>,
    /// List the tags instead.
    #[arg(long, conflicts_with = "tag")]
    list: bool,
    /// Start: 2026-11-22T14:00:00Z, or so long before the end: 90s, 15m, 8h, 7d.
    #[arg(long)]
    from: Option<String>,
    /// End, likewise.
    #[arg(long)]
    to: Option<String>,
    /// Width of a row: 60s, 5m, 1h.
    #[arg(long, value_parser = duration)]
    every: Option<Duration>,
    /// Tag of a step, a phase or a batch, such as UP-101.STEP: a row for each stretch in
    /// which it held one value.
    #[arg(long, conflicts_with = "every")]
    phase: Option<String>,
    /// Points and gaps as CSV.
    #[arg(long, conflicts_with_all = ["json", "parquet"])]
    csv: bool,
    /// Rows as JSON.
    #[arg(long, conflicts_with = "parquet")]
    json: bool,
    /// Points and gaps into this Parquet file.
    #[arg(long)]
    parquet: Option<PathBuf>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(speed) if (0.1..=50.0).contains(&speed) => Ok(speed),
        _ => Err("a number from 0.1 to 50; for more, use `scanloop test`".into()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(format!("unknown unit \"{unit}\": s, min, h or d")),
    };
    match number.trim().parse::<f64>() {
        Ok(value) if value > 0.0 && value * seconds <= 1e9 => {
            Ok(Duration::from_secs_f64(value * seconds))
        }
        _ => Err("a positive number with s, min, h or d".into()),
    }
}

/// Does what was asked; the exit code of the process.
pub fn run(cli: Cli) -> ExitCode {
    let default = Action::Run(RunArguments {
        plant: PathBuf::from("plants/synthesis"),
        live: false,
        headless: false,
        speed: 1.0,
        run_for: None,
        data: None,
        checkpoints: None,
        hmi: SocketAddr::from(([127, 0, 0, 1], 8080)),
        play: "demo".into(),
    });
    let action = cli.command.unwrap_or(default);
    if !matches!(action, Action::Run(_)) {
        station::rt::end_on_closed_pipe();
    }
    let done = match action {
        Action::Run(arguments) => run_command(arguments),
        Action::Check { plant, json } => check(&plant, json),
        Action::Diff { old, new, json } => diff(&old, &new, json),
        Action::Test(arguments) => scenarios::test(&arguments),
        Action::Matrix {
            plant,
            csv,
            html,
            date,
        } => matrix_command(&plant, csv.as_deref(), html.as_deref(), date),
        Action::Replay { recording, with } => replay_command(&recording, with.as_deref()),
        Action::Audit(asked) => audit::run(asked, |line| println!("{line}")),
        Action::Tags { plant, import, out } => tags(&plant, import.as_deref(), out.as_deref()),
        Action::Processes {
            plant,
            json,
            csv,
            list,
        } => processes_command(plant.as_deref(), json, csv, list),
        Action::Prove { plant } => prove_command(&plant),
        Action::Users(arguments) => station::users::run(&arguments, load),
        Action::Alarms {
            what: AlarmAction::List { plant, csv, json },
        } => alarms_list(&plant, csv, json),
        Action::Alarms {
            what:
                AlarmAction::Kpi {
                    data,
                    from,
                    to,
                    plant,
                    csv,
                    json,
                },
        } => kpi_rules(plant.as_deref()).and_then(|rules| {
            let text = alarms::figures(&data, from, to, &rules, form_of(csv, json))?;
            print!("{text}");
            Ok(())
        }),
        Action::Backup(arguments) => station::backup::run_backup(&arguments),
        Action::Restore(arguments) => station::backup::run_restore(&arguments),
        Action::Trend(arguments) => trend_command(arguments),
        Action::Explain { number } => explain(&number),
        Action::Version => {
            println!("scanloop {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            if !message.is_empty() {
                eprintln!("{}", message.trim_end());
            }
            ExitCode::FAILURE
        }
    }
}

/// What fails is a problem of the plant, told as such.
fn prove_command(folder: &Path) -> Result<(), String> {
    let begun = std::time::Instant::now();
    let plant = load(folder)?;
    print!("{}", prove::text(&plant, begun.elapsed()));
    Ok(())
}

fn alarms_list(folder: &Path, csv: bool, json: bool) -> Result<(), String> {
    print!("{}", alarms::list(&load(folder)?, form_of(csv, json))?);
    Ok(())
}

fn kpi_rules(plant: Option<&Path>) -> Result<alarm::kpi::Rules, String> {
    let Some(folder) = plant else {
        return Ok(alarm::kpi::Rules::default());
    };
    Ok(alarm::kpi::Rules::of(&load(folder)?.alarm_settings()))
}

const fn form_of(csv: bool, json: bool) -> Form {
    match (csv, json) {
        (true, _) => Form::Csv,
        (_, true) => Form::Json,
        _ => Form::Text,
    }
}

fn load(folder: &Path) -> Result<Plant, String> {
    plant::load(folder, &kinds::blocks(), &kinds::Drivers).map_err(|(sources, problems)| {
        format!(
            "{}{} problems in {}",
            problems.render(&sources),
            problems.len(),
            folder.display()
        )
    })
}

fn run_command(arguments: RunArguments) -> Result<(), String> {
    let plant = load(&arguments.plant)?;
    let data = arguments
        .data
        .unwrap_or_else(|| PathBuf::from("data").join(&plant.name));
    let options = RunOptions {
        plant: arguments.plant,
        live: arguments.live,
        speed: arguments.speed,
        run_for: arguments.run_for,
        data,
        checkpoints: arguments.checkpoints,
        hmi: (!arguments.headless).then_some(arguments.hmi),
        play: (arguments.play != "none").then_some(arguments.play),
    };
    println!("This is a basic process control system (BPCS). It has no SIL.");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the desk side: {error}"))?;
    let timing = runtime
        .block_on(run_plant(plant, options, |line| println!("{line}")))
        .map_err(|error| error.to_string())?;
    runtime.shutdown_timeout(Duration::from_secs(2));
    print_timing(&timing);
    Ok(())
}

fn print_timing(timing: &[TaskTiming]) {
    for task in timing {
        println!(
            "task {}: {} scans of {} ms, {} overruns",
            task.task, task.scans, task.period_ms, task.overruns
        );
        println!(
            "  {:<10} {:>10} {:>10} {:>10} {:>10} {:>10}  µs",
            "", "p50", "p90", "p99", "p99.9", "max"
        );
        for stage in &task.stages {
            println!(
                "  {:<10} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>10.1}",
                stage.name, stage.p50_us, stage.p90_us, stage.p99_us, stage.p999_us, stage.max_us
            );
        }
    }
}

fn check(folder: &Path, json: bool) -> Result<(), String> {
    match plant::load(folder, &kinds::blocks(), &kinds::Drivers) {
        Ok(plant) => {
            let (sources, problems) = lint(folder, &plant);
            if problems.iter().any(|problem| !problem.code.is_warning()) {
                return tell(&sources, &problems, json);
            }
            let linked = plant.link();
            let (tags, blocks) = linked.tasks.iter().fold((0, 0), |(tags, blocks), task| {
                (
                    tags + task.linked.tags.len(),
                    blocks + task.linked.blocks.len(),
                )
            });
            let missing = plant::supervised::missing(&plant);
            let count = problems.len() + missing.len();
            if json {
                let mut all = problems.to_json(&sources);
                let more = missing.to_json(&plant.sources);
                if let (Some(all), Some(more)) = (all.as_array_mut(), more.as_array()) {
                    all.extend(more.iter().cloned());
                }
                println!("{all:#}");
            } else {
                print!("{}", problems.render(&sources));
                print!("{}", missing.render(&plant.sources));
                if count > 0 {
                    println!("{count} warnings");
                }
                println!(
                    "{}: {} tasks, {blocks} blocks, {tags} tags, {} field points, no problems",
                    plant.name,
                    plant.tasks.len(),
                    plant.points.len()
                );
            }
            Ok(())
        }
        Err((sources, problems)) => tell(&sources, &problems, json),
    }
}

fn diff(old: &Path, new: &Path, json: bool) -> Result<(), String> {
    let (old, new) = (load(old)?, load(new)?);
    let comparison = plant::compare::compare(&old, &new);
    if json {
        let text = serde_json::to_string_pretty(&comparison).map_err(|error| error.to_string())?;
        println!("{text}");
    } else {
        print!("{comparison}");
    }
    Ok(())
}

/// Prints problems; always an error.
fn tell(sources: &Sources, problems: &Diagnostics, json: bool) -> Result<(), String> {
    if json {
        println!("{:#}", problems.to_json(sources));
        return Err(String::new());
    }
    print!("{}", problems.render(sources));
    Err(format!("{} problems", problems.len()))
}

fn bar(total: u64, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<28} {bar:40} {percent:>3} %  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total).with_style(style);
    bar.set_message(what.to_string());
    bar
}

fn matrix_command(
    folder: &Path,
    csv: Option<&Path>,
    html: Option<&Path>,
    date: Option<String>,
) -> Result<(), String> {
    let plant = load(folder)?;
    let verdicts = matrix_test::run(&plant, &matrix_test::Options::default())?;
    print!("{}", matrix_test::paper::text(&plant.name, &verdicts));
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    if let Some(path) = csv {
        write(path, matrix_test::paper::csv(&verdicts)?)?;
    }
    if let Some(path) = html {
        let head = matrix_test::html::Head {
            plant: plant.name.clone(),
            title: (plant.title.en.clone(), plant.title.zh.clone()),
            digest: plant.digest,
            date,
            version: env!("CARGO_PKG_VERSION").to_string(),
        };
        write(path, matrix_test::html::report(&head, &verdicts))?;
    }
    let passed = !verdicts.is_empty() && verdicts.iter().all(matrix_test::Verdict::passed);
    if passed { Ok(()) } else { Err(String::new()) }
}

fn replay_command(recording: &Path, with: Option<&Path>) -> Result<(), String> {
    let other = with.map(load).transpose()?;
    let files = segments(recording).map_err(|error| error.to_string())?;
    let mut same = true;
    for file in files {
        let bar = bar(0, "replay");
        let result = replay(&file, other.as_ref(), |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let report = result.map_err(|error| error.to_string())?;
        if !report.tunings.is_empty() {
            println!(
                "{}: tunings that differ from the start: {}",
                report.file,
                report.tunings.join(", ")
            );
        }
        match &report.verdict {
            Verdict::Identical => println!(
                "{}: {} scans, every digest identical",
                report.file, report.scans
            ),
            Verdict::NotReproduced { task, scan } => {
                same = false;
                println!(
                    "{}: not reproduced: task {task}, scan {scan} has another digest",
                    report.file
                );
            }
            Verdict::Differs {
                task,
                scan,
                tag,
                recorded,
                now,
            } => {
                same = false;
                println!(
                    "{}: first difference: task {task}, scan {scan}, tag {tag}: recorded {recorded}, now {now}",
                    report.file
                );
            }
        }
        if let Some(torn) = &report.torn {
            println!("{}: the file ends early: {torn}", report.file);
        }
    }
    if same { Ok(()) } else { Err(String::new()) }
}

fn tags(folder: &Path, import: Option<&Path>, out: Option<&Path>) -> Result<(), String> {
    let plant = load(folder)?;
    if let Some(path) = import {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let changed = tags_csv::import(folder, &plant, &text)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for file in &changed {
            println!("changed {}", file.display());
        }
        if changed.is_empty() {
            println!("nothing to change");
        }
        return Ok(());
    }
    let csv = tags_csv::export(&plant);
    match out {
        Some(path) => {
            std::fs::write(path, csv).map_err(|error| format!("{}: {error}", path.display()))
        }
        None => {
            print!("{csv}");
            Ok(())
        }
    }
}

fn processes_command(
    folder: Option<&Path>,
    json: bool,
    csv: bool,
    list: bool,
) -> Result<(), String> {
    let plant = folder.map(load).transpose()?;
    if list {
        let library = plant.map_or_else(plant::processes::library, |plant| plant.library);
        print!("{}", processes::list(library.values()));
        return Ok(());
    }
    let plant = plant.ok_or("give the folder of a plant, or --list")?;
    let rows = plant::supervised::completeness(&plant);
    if json {
        println!("{:#}", processes::to_json(&rows));
    } else if csv {
        print!("{}", processes::to_csv(&rows)?);
    } else {
        print!("{}", processes::table(&rows));
    }
    Ok(())
}

fn trend_command(arguments: TrendArguments) -> Result<(), String> {
    let form = match arguments.parquet {
        Some(path) => trend::Form::Parquet(path),
        None if arguments.csv => trend::Form::Csv,
        None if arguments.json => trend::Form::Json,
        None => trend::Form::Text,
    };
    let question = trend::Question {
        folder: arguments.folder,
        tag: arguments.tag,
        from: arguments.from,
        to: arguments.to,
        every_ns: arguments.every.map(|every| every.as_nanos() as i64),
        phase: arguments.phase,
        form,
    };
    trend::answer(&question, &mut std::io::stdout().lock())
}

fn explain(number: &str) -> Result<(), String> {
    match plant::explain_problem(number) {
        Some(page) => {
            println!("{}", page.trim_end());
            Ok(())
        }
        None => Err(format!(
            "no diagnostic \"{number}\"; numbers run from P0001, see docs/problems"
        )),
    }
}
