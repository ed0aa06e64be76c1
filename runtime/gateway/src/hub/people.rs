//! The hub's side of people: every wish is judged and signed before it becomes an
//! order, and what people do among themselves is recorded like an order.

use super::Hub;
use crate::alarms::AlarmDeed;
use crate::counter::{Areas, Counter, People, Person, Standing, Wish, refusal};
use crate::desk::{Answered, Attempt, Desk, Environment, Receipt, Refusal, RefusalCode};
use crate::order::{Ask, Order};
use people::{Action, Denied, Note, Question, Rules, Secret, SignatureClass, SignedIn, Token, Why};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What is judged of a wish, and what of it is signed and recorded.
struct Matter {
    question: Question,
    what: String,
    attempt: Attempt,
}

impl Hub {
    /// Lets people come: from now on, what a person asks is judged.
    pub fn set_counter(&self, counter: Counter) {
        // A second counter changes nothing: rights are not to be replaced as a whole.
        let _ = self.counter.set(Arc::new(counter));
    }

    /// Takes the rules and the areas of an edition.
    pub fn set_rules(&self, rules: Rules, areas: Areas) {
        if let Some(counter) = self.counter.get() {
            counter.set_rules(rules, areas);
        }
    }

    /// Reads what another process changed of people, and records it.
    pub async fn keep_people(&self) {
        let Some(counter) = self.counter.get().cloned() else {
            return;
        };
        match counter.office.refresh() {
            Ok(notes) if notes.is_empty() => {}
            Ok(notes) => {
                for note in &notes {
                    // What cannot be recorded stays in the file and is tried again.
                    if self.noted(note.clone()).await.is_err() {
                        return;
                    }
                }
                if let Err(error) = counter.office.recorded(&notes) {
                    self.users_unreadable(&error.to_string());
                }
            }
            Err(error) => self.users_unreadable(&error.to_string()),
        }
    }

    fn users_unreadable(&self, message: &str) {
        self.refused(Attempt {
            utc_ns: self.now_utc_ns(),
            actor: "station".into(),
            id: None,
            tag: None,
            value: None,
            refusal: Refusal::new(RefusalCode::Failed, message, message),
        });
    }

    /// Has a note recorded before anything follows from it.
    async fn noted(&self, note: Note) -> Result<Receipt, Refusal> {
        let (answer, wait) = oneshot::channel();
        let order = Order {
            id: String::new(),
            edition: self.known.load().directory.edition.number,
            actor: note.actor,
            subject: note.subject,
            ask: Ask::Note { what: note.what },
            reason: note.why,
            signatures: Vec::new(),
            answer,
        };
        self.send(order, wait).await
    }

    /// Records a denial in full and answers with what may be said of it.
    fn denied(&self, attempt: Attempt, denied: &Denied) -> Refusal {
        let said = refusal(denied);
        self.refused(Attempt {
            actor: denied.who.clone(),
            refusal: Refusal::new(said.code, denied.why.en(), denied.why.zh()),
            ..attempt
        });
        said
    }

    fn attempt(&self, actor: &str) -> Attempt {
        Attempt {
            utc_ns: self.now_utc_ns(),
            actor: actor.to_string(),
            id: None,
            tag: None,
            value: None,
            refusal: Refusal::not_offered(),
        }
    }

    fn matter(&self, counter: &Counter, wish: &Wish) -> Matter {
        let (action, class, tag, value, id, what) = match wish {
            Wish::Write(command) => {
                let known = self.known.load();
                let handle = known.handles.get(&command.tag);
                let writable =
                    handle.and_then(|at| known.directory.tags[*at as usize].writable.as_ref());
                (
                    writable.map_or(Action::Operate, |w| w.action),
                    writable.map(|w| w.signature),
                    Some(command.tag.clone()),
                    Some(command.value),
                    &command.id,
                    format!(
                        "write|{}|{}|{:?}|{}|{}|{}",
                        command.id,
                        command.tag,
                        command.seen_value,
                        command.value,
                        command.reason,
                        command.permit
                    ),
                )
            }
            Wish::Force(forcing) => (
                Action::Force,
                None,
                Some(forcing.tag.clone()),
                forcing.value,
                &forcing.id,
                format!(
                    "force|{}|{}|{:?}|{}",
                    forcing.id, forcing.tag, forcing.value, forcing.reason
                ),
            ),
            Wish::Alarm(command) => (
                match command.deed {
                    AlarmDeed::Shelve { .. } | AlarmDeed::Unshelve => Action::Shelve,
                    AlarmDeed::OutOfService | AlarmDeed::ReturnToService => Action::Limit,
                    _ => Action::Acknowledge,
                },
                None,
                command.alarms.first().cloned(),
                None,
                &command.id,
                format!(
                    "alarm|{}|{:?}|{}|{:?}|{}",
                    command.id,
                    command.deed,
                    command.alarms.join(","),
                    command.seen,
                    command.reason
                ),
            ),
            Wish::Change(change) => (
                Action::Change,
                None,
                None,
                None,
                &change.id,
                format!(
                    "change|{}|{}|{}|{}",
                    change.id,
                    change.back,
                    change.digest.as_deref().unwrap_or_default(),
                    change.reason
                ),
            ),
            Wish::Simulate(id, _, deed) => (
                Action::Operate,
                Some(SignatureClass::None),
                None,
                None,
                id,
                format!("simulate|{id}|{deed:?}"),
            ),
        };
        let area = match (wish, tag.as_deref()) {
            (Wish::Alarm(_), Some(alarm)) => Some(counter.area_of_alarm(alarm)),
            // The horn belongs to no area.
            (Wish::Alarm(_), None) => None,
            (_, tag) => Some(tag.map_or_else(String::new, |tag| counter.area(tag))),
        };
        Matter {
            question: Question {
                action,
                area,
                class,
            },
            what,
            attempt: Attempt {
                id: Some(id.clone()),
                tag,
                value,
                ..self.attempt("")
            },
        }
    }

    /// Right first, then shape, then the signature, which may be slow; then the way of
    /// every order, where the shape is checked once more.
    pub(super) async fn asked(
        &self,
        counter: Arc<Counter>,
        mut person: Person,
        wish: Wish,
    ) -> Result<Receipt, Refusal> {
        self.keep_people().await;
        person.given.reason = match &wish {
            Wish::Write(command) => command.reason.clone(),
            Wish::Force(forcing) => forcing.reason.clone(),
            Wish::Change(change) => change.reason.clone(),
            Wish::Alarm(command) => command.reason.clone(),
            Wish::Simulate(..) => String::new(),
        };
        let Matter {
            question,
            what,
            attempt,
        } = self.matter(&counter, &wish);
        let utc_ns = self.now_utc_ns();
        // The cookie of a session that is over stands for nobody; at an open simulation
        // nobody may ask.
        let is_over = |token: &Token| counter.office.who(token, counter.now(utc_ns)).is_err();
        if counter.is_open() && person.session.as_ref().is_some_and(is_over) {
            person.session = None;
        }
        if let Some(token) = &person.session {
            let may = counter.office.may(token, &question, counter.now(utc_ns));
            // Alarms of several areas need the right in each.
            let others = match &wish {
                Wish::Alarm(command) => command.alarms.as_slice(),
                _ => &[],
            };
            let may = others.iter().fold(may, |may, alarm| {
                let question = Question {
                    area: Some(counter.area_of_alarm(alarm)),
                    ..question.clone()
                };
                may.and_then(|_| counter.office.may(token, &question, counter.now(utc_ns)))
            });
            if let Err(mut denied) = may {
                if denied.who.is_empty() {
                    denied.who = counter.name_of(&person, utc_ns);
                }
                return Err(self.denied(attempt, &denied));
            }
        }
        if let Wish::Write(command) = &wish
            && let Err(refusal) = self.check(command)
        {
            let actor = counter.name_of(&person, utc_ns);
            self.refused(Attempt {
                actor,
                refusal: (*refusal).clone(),
                ..attempt
            });
            return Err(*refusal);
        }
        let judged = if person.given.password.is_some() || person.given.second.is_some() {
            let counter = Arc::clone(&counter);
            tokio::task::spawn_blocking(move || counter.judged(&person, &question, &what, utc_ns))
                .await
                .unwrap_or_else(|_| Err(Denied::new("", Why::StoreDown)))
        } else {
            counter.judged(&person, &question, &what, utc_ns)
        };
        let (actor, signatures) = judged.map_err(|denied| self.denied(attempt, &denied))?;
        match wish {
            Wish::Write(command) => {
                let command = crate::desk::Command { actor, ..command };
                self.written(command, signatures).await
            }
            Wish::Force(forcing) => {
                let forcing = crate::desk::Forcing { actor, ..forcing };
                self.forced(forcing, signatures).await
            }
            Wish::Change(change) => {
                let change = crate::desk::Change { actor, ..change };
                self.changed(change, signatures).await
            }
            Wish::Alarm(command) => {
                let command = crate::alarms::AlarmCommand { actor, ..command };
                self.alarms.act(command, signatures).await
            }
            Wish::Simulate(id, _, deed) => self.simulate(id, actor, deed).await,
        }
    }

    /// What a part of the station may not do in the plant: give a person's signature.
    pub(super) fn part_may(&self, tag: &str) -> Result<(), Box<Refusal>> {
        let known = self.known.load();
        if known.directory.env != Environment::Live || self.counter.get().is_none() {
            return Ok(());
        }
        let handle = known.handles.get(tag);
        let writable = handle.and_then(|at| known.directory.tags[*at as usize].writable.as_ref());
        match writable {
            Some(writable) if writable.signature >= SignatureClass::Reauthenticate => {
                let why = Why::CannotSign {
                    class: writable.signature,
                };
                Err(super::refuse(RefusalCode::Forbidden, why.en(), why.zh()))
            }
            _ => Ok(()),
        }
    }

    /// Runs a slow question to the office where it may block.
    async fn at_counter<T: Send + 'static>(
        &self,
        person: &Person,
        ask: impl FnOnce(&Counter, &Person, people::Now) -> Result<T, Denied> + Send + 'static,
    ) -> Result<T, Refusal> {
        let Some(counter) = self.counter.get().cloned() else {
            return Err(Refusal::not_offered());
        };
        self.keep_people().await;
        let utc_ns = self.now_utc_ns();
        let who = counter.name_of(person, utc_ns);
        let person = person.clone();
        let asked =
            tokio::task::spawn_blocking(move || ask(&counter, &person, counter.now(utc_ns))).await;
        let mut result = asked.unwrap_or_else(|_| Err(Denied::new("", Why::StoreDown)));
        if let Err(denied) = &mut result
            && denied.who.is_empty()
        {
            denied.who = who;
        }
        result.map_err(|denied| self.denied(self.attempt(""), &denied))
    }

    async fn note(&self, actor: &str, what: &str, person: &Person) -> Result<(), Refusal> {
        let note = Note {
            utc_ns: self.now_utc_ns(),
            actor: actor.to_string(),
            what: what.to_string(),
            subject: actor.to_string(),
            why: format!("from {}", person.source),
        };
        self.noted(note).await.map(|_| ())
    }
}

fn session(person: &Person) -> Result<&Token, Denied> {
    let missing = || Denied::new("", Why::NoSession);
    person.session.as_ref().ok_or_else(missing)
}

impl People for Hub {
    fn sign_in(&self, person: Person, name: String, password: Secret) -> Answered<'_, SignedIn> {
        Box::pin(async move {
            let asked = self
                .at_counter(&person, move |counter, person, now| {
                    counter
                        .office
                        .sign_in(&name, &password, &person.source, now)
                })
                .await?;
            let recorded = self.note(&asked.user, "sign-in", &person).await;
            if let Some(counter) = self.counter.get() {
                match (&recorded, &person.session) {
                    (Err(_), _) => drop(counter.office.sign_out(&asked.token)),
                    (Ok(()), Some(before)) => {
                        // Another person takes the station: the picture stays, the one
                        // before goes.
                        if let Some(user) = counter.office.sign_out(before) {
                            let _ = self.note(&user, "sign-out", &person).await;
                        }
                    }
                    (Ok(()), None) => {}
                }
            }
            recorded.map(|()| asked)
        })
    }

    fn sign_out(&self, person: Person) -> Answered<'_, ()> {
        Box::pin(async move {
            let ended = match (self.counter.get(), &person.session) {
                (Some(counter), Some(token)) => counter.office.sign_out(token),
                _ => None,
            };
            // Gone is gone, even if the record is down; then nothing else is done either.
            match ended {
                Some(user) => self.note(&user, "sign-out", &person).await,
                None => Ok(()),
            }
        })
    }

    fn lock(&self, person: Person) -> Answered<'_, ()> {
        Box::pin(async move {
            let user = self
                .at_counter(&person, |counter, person, now| {
                    counter.office.lock(session(person)?, now)
                })
                .await?;
            self.note(&user, "lock", &person).await
        })
    }

    fn unlock(&self, person: Person, password: Secret) -> Answered<'_, ()> {
        Box::pin(async move {
            let user = self
                .at_counter(&person, move |counter, person, now| {
                    let token = session(person)?;
                    counter.office.unlock(token, &password, &person.source, now)
                })
                .await?;
            let recorded = self.note(&user, "unlock", &person).await;
            if recorded.is_err()
                && let (Some(counter), Some(token)) = (self.counter.get(), &person.session)
            {
                let _ = counter.office.lock(token, counter.now(self.now_utc_ns()));
            }
            recorded
        })
    }

    fn change_password(&self, person: Person, old: Secret, new: Secret) -> Answered<'_, ()> {
        Box::pin(async move {
            let user = self
                .at_counter(&person, move |counter, person, now| {
                    let token = session(person)?;
                    let source = &person.source;
                    counter
                        .office
                        .change_password(token, &old, &new, source, now)
                })
                .await?;
            self.note(&user, "password", &person).await
        })
    }

    fn active(&self, session: &Token) -> Result<(), Refusal> {
        let Some(counter) = self.counter.get() else {
            return Err(Refusal::not_offered());
        };
        let now = counter.now(self.now_utc_ns());
        let active = counter.office.active(session, now);
        active.map_err(|denied| refusal(&denied))
    }

    fn standing(&self, session: Option<&Token>) -> Standing {
        match self.counter.get() {
            Some(counter) => counter.standing(session, self.now_utc_ns()),
            None => Standing {
                who: None,
                is_open: true,
                is_nobody_enrolled: true,
                force: SignatureClass::Reason,
                change: SignatureClass::Reason,
                acknowledge: SignatureClass::None,
                shelve: SignatureClass::Reason,
                out_of_service: SignatureClass::Reason,
                idle_s: 0,
            },
        }
    }

    fn name_of(&self, person: &Person) -> String {
        let counter = self.counter.get();
        counter.map_or_else(String::new, |counter| {
            counter.name_of(person, self.now_utc_ns())
        })
    }

    fn wallboard(&self, token: &Token) -> Option<String> {
        self.counter.get()?.office.wallboard(token)
    }
}
