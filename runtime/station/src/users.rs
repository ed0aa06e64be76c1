//! `scanloop users`: who is enrolled at a station, from its own console. A running
//! station takes a change over by itself and records it; so does one that starts later.

use clap::{Args, Subcommand};
use people::register::{Register, RegisterError};
use people::user::{Grant, Qualification, User};
use people::{Rules, Secret, Store};
use plant::Plant;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// The users of a station.
#[derive(Clone, Debug, Args)]
pub struct UsersArguments {
    /// Folder in which the station keeps its state: `data/PLANT/live` or `data/PLANT/sim`.
    #[arg(long, global = true, default_value = "data/synthesis/live")]
    state: PathBuf,
    /// Folder of the plant, for its roles and its rules of passwords; the built-in ones
    /// without it.
    #[arg(long, global = true)]
    plant: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Enrol a user; the password is asked for, or read as one line from standard input.
    Add {
        /// Name to sign in with.
        name: String,
        /// Printed name; it stands with every signature.
        #[arg(long)]
        full_name: String,
        /// Roles.
        #[arg(long = "role")]
        roles: Vec<String>,
    },
    /// List the users.
    List,
    /// Give a role, or take it away.
    Role {
        /// The user.
        name: String,
        /// The role.
        role: String,
        /// Only for these areas.
        #[arg(long = "area")]
        areas: Vec<String>,
        /// Take it away.
        #[arg(long)]
        remove: bool,
    },
    /// Note a qualification until a number of days from now; 0 ends it.
    Qualify {
        /// The user.
        name: String,
        /// The qualification.
        qualification: String,
        /// Days from now.
        #[arg(long)]
        days: u32,
    },
    /// Let a user sign in no more. Users are never removed: a name is one person's for
    /// ever.
    Disable {
        /// The user.
        name: String,
        /// Let them sign in again.
        #[arg(long)]
        enable: bool,
    },
    /// Take back a lock after failures.
    Unlock {
        /// The user.
        name: String,
    },
    /// Set a password; the user must change it at the first sign-in.
    Password {
        /// The user.
        name: String,
    },
    /// Make the link of a wallboard: a screen that shows and asks nothing.
    Wallboard {
        /// Its name.
        name: String,
    },
}

/// Does what was asked.
///
/// # Errors
/// A sentence for the console.
pub fn run(
    arguments: &UsersArguments,
    load: impl Fn(&std::path::Path) -> Result<Plant, String>,
) -> Result<(), String> {
    let rules = match &arguments.plant {
        Some(folder) => load(folder)?.people.rules,
        None => Rules::default(),
    };
    let store = Store::new(&arguments.state);
    let actor = console();
    let now = crate::rt::utc_ns();
    let change = |change: &dyn Fn(&mut Register) -> Result<(), RegisterError>| {
        let done = store.change(change).map_err(|error| error.to_string())?;
        done.map_err(|error| error.to_string())
    };
    match &arguments.what {
        What::List => {
            let register = store.read().map_err(|error| error.to_string())?;
            print!("{}", list(&register, now));
            Ok(())
        }
        What::Add {
            name,
            full_name,
            roles,
        } => {
            if full_name.trim().is_empty() {
                return Err("give --full-name: it stands with every signature".into());
            }
            let secret = new_password()?;
            // All of it or nothing.
            change(&|register| {
                register.add(&actor, name, full_name, now)?;
                for role in roles {
                    register.grant(&rules, &actor, name, grant(role, &[]), now)?;
                }
                register.set_password(&rules, &actor, name, &secret, now)
            })?;
            println!("{name} is enrolled; the password must be changed at the first sign-in");
            Ok(())
        }
        What::Role {
            name,
            role,
            areas,
            remove,
        } => change(&|register| {
            if *remove {
                register.revoke(&actor, name, role, now)
            } else {
                register.grant(&rules, &actor, name, grant(role, areas), now)
            }
        }),
        What::Qualify {
            name,
            qualification,
            days,
        } => change(&|register| {
            let ns = i64::from(*days).saturating_mul(86_400_000_000_000);
            let qualification = Qualification {
                name: qualification.clone(),
                until_utc_ns: now.saturating_add(ns),
            };
            register.qualify(&actor, name, qualification, now)
        }),
        What::Disable { name, enable } => {
            change(&|register| register.disable(&actor, name, !enable, now))
        }
        What::Unlock { name } => change(&|register| register.unlock(&actor, name, now)),
        What::Password { name } => {
            let register = store.read().map_err(|error| error.to_string())?;
            if register.user(name).is_none() {
                return Err(format!("there is no user {name}"));
            }
            let secret = new_password()?;
            change(&|register| register.set_password(&rules, &actor, name, &secret, now))
        }
        What::Wallboard { name } => {
            let made = store
                .change(|register| register.add_wallboard(&actor, name, now))
                .map_err(|error| error.to_string())?;
            let token = made.map_err(|error| error.to_string())?;
            println!(
                "open once on the wallboard: /wallboard?token={}",
                token.text()
            );
            Ok(())
        }
    }
}

fn grant(role: &str, areas: &[String]) -> Grant {
    Grant {
        role: role.to_string(),
        areas: (!areas.is_empty()).then(|| areas.to_vec()),
    }
}

/// Who sits at the console, as the operating system knows them.
pub fn console() -> String {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    match user {
        Ok(user) if !user.is_empty() => format!("console:{user}"),
        _ => "console".to_string(),
    }
}

/// A line for each user.
fn list(register: &Register, now_utc_ns: i64) -> String {
    let mut text = String::new();
    for user in &register.users {
        let roles: Vec<String> = user.roles.iter().map(role_text).collect();
        let qualifications: Vec<String> = user
            .qualifications
            .iter()
            .map(|held| {
                let days = (held.until_utc_ns - now_utc_ns).div_euclid(86_400_000_000_000);
                match days {
                    ..0 => format!("{} (over)", held.name),
                    days => format!("{} ({days} d)", held.name),
                }
            })
            .collect();
        text.push_str(&format!(
            "{:<16} {:<24} {:<9} {}{}{}\n",
            user.name,
            user.full_name,
            state_of(user),
            roles.join(", "),
            if qualifications.is_empty() {
                ""
            } else {
                " · "
            },
            qualifications.join(", ")
        ));
    }
    for board in &register.wallboards {
        text.push_str(&format!("{:<16} wallboard\n", board.name));
    }
    if text.is_empty() {
        text.push_str("nobody is enrolled\n");
    }
    text
}

fn role_text(grant: &Grant) -> String {
    match &grant.areas {
        None => grant.role.clone(),
        Some(areas) => format!("{} in {}", grant.role, areas.join("+")),
    }
}

fn state_of(user: &User) -> &'static str {
    match (user.is_disabled, user.is_locked, &user.password) {
        (true, _, _) => "disabled",
        (_, true, _) => "locked",
        (_, _, None) => "no password",
        (_, _, Some(password)) if password.must_change => "new",
        _ => "active",
    }
}

/// A new password: twice from the terminal without echo, or one line of standard input.
fn new_password() -> Result<Secret, String> {
    if !std::io::stdin().is_terminal() {
        return line();
    }
    let first = asked("new password: ")?;
    let again = asked("once more: ")?;
    if first == again {
        Ok(first)
    } else {
        Err("the two are not the same".into())
    }
}

fn asked(prompt: &str) -> Result<Secret, String> {
    let silent = crate::rt::without_echo();
    eprint!("{prompt}");
    let _ = std::io::stderr().flush();
    let secret = line();
    drop(silent);
    eprintln!();
    secret
}

fn line() -> Result<Secret, String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().read_line(&mut text);
    read.map_err(|error| format!("standard input: {error}"))?;
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    if text.is_empty() {
        return Err("no password was given".into());
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_what_a_user_is_and_when_a_qualification_is_over() {
        let mut register = Register::default();
        let rules = Rules::default();
        register.add("console", "li", "Li Wei", 0).expect("new");
        let areas = ["U100".to_string()];
        register
            .grant(&rules, "console", "li", grant("operator", &areas), 0)
            .expect("a role");
        let held = Qualification {
            name: "r101".into(),
            until_utc_ns: 86_400_000_000_000,
        };
        register.qualify("console", "li", held, 0).expect("known");
        let text = list(&register, 0);
        assert!(text.contains("Li Wei"), "{text}");
        assert!(text.contains("no password"), "{text}");
        assert!(text.contains("operator in U100 · r101 (1 d)"), "{text}");
        assert!(list(&register, 86_400_000_000_001).contains("r101 (over)"));
        assert_eq!(list(&Register::default(), 0), "nobody is enrolled\n");
    }
}
