//! What the hub keeps of alarms and records, and where it sends what is asked of them.

use super::stopped;
use crate::alarms::{AlarmCommand, AlarmGuidance, AlarmList, RecordPage, RecordQuery};
use crate::desk::{Answered, Receipt, Refusal, RefusalCode, Submission};
use crate::order::{AlarmOrder, Question};
use ::people::Signed;
use arc_swap::ArcSwap;
use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;

/// Deeds and questions that may wait.
const WAITING_MAX: usize = 256;

/// Takes a receipt by its token, and who gives it if that is known.
pub type Receipts = Box<dyn Fn(&str, Option<&str>) -> Result<Vec<String>, Refusal> + Send + Sync>;

/// The desk's side.
pub(super) struct AlarmDesk {
    list: ArcSwap<AlarmList>,
    guidance: ArcSwap<BTreeMap<String, AlarmGuidance>>,
    deeds: Sender<AlarmOrder>,
    questions: Sender<Question>,
    receipts: OnceLock<Receipts>,
}

/// The station's side.
pub struct AlarmIntake {
    /// Deeds, to be recorded and done.
    pub deeds: Receiver<AlarmOrder>,
    /// Questions, to be answered from the records.
    pub questions: Receiver<Question>,
}

impl AlarmDesk {
    pub(super) fn new() -> (AlarmDesk, AlarmIntake) {
        let (deeds, deeds_out) = bounded(WAITING_MAX);
        let (questions, questions_out) = bounded(WAITING_MAX);
        let desk = AlarmDesk {
            list: ArcSwap::from_pointee(AlarmList::default()),
            guidance: ArcSwap::from_pointee(BTreeMap::new()),
            deeds,
            questions,
            receipts: OnceLock::new(),
        };
        let intake = AlarmIntake {
            deeds: deeds_out,
            questions: questions_out,
        };
        (desk, intake)
    }

    pub(super) fn set_list(&self, list: AlarmList) {
        self.list.store(Arc::new(list));
    }

    pub(super) fn set_guidance(&self, guidance: BTreeMap<String, AlarmGuidance>) {
        self.guidance.store(Arc::new(guidance));
    }

    pub(super) fn list(&self) -> Arc<AlarmList> {
        self.list.load_full()
    }

    pub(super) fn guidance(&self, alarm: &str) -> Option<AlarmGuidance> {
        self.guidance.load().get(alarm).cloned()
    }

    pub(super) fn act(&self, command: AlarmCommand, signatures: Vec<Signed>) -> Submission<'_> {
        let (answer, wait) = oneshot::channel::<Result<Receipt, Refusal>>();
        let sent = self.deeds.try_send(AlarmOrder {
            command,
            signatures,
            answer,
        });
        Box::pin(async move {
            sent.map_err(refusal_of)?;
            wait.await.unwrap_or_else(|_| Err(stopped()))
        })
    }

    pub(super) fn records(&self, query: RecordQuery) -> Answered<'_, RecordPage> {
        let (answer, wait) = oneshot::channel();
        self.ask(Question::Records { query, answer }, wait)
    }

    pub(super) fn figures(&self, from_ms: i64, to_ms: i64) -> Answered<'_, String> {
        let (answer, wait) = oneshot::channel();
        let question = Question::Figures {
            from_ms,
            to_ms,
            answer,
        };
        self.ask(question, wait)
    }

    pub(super) fn set_receipts(&self, take: Receipts) {
        // A second one has nothing to add.
        let _ = self.receipts.set(take);
    }

    pub(super) fn receipt(&self, token: &str, who: Option<&str>) -> Result<Vec<String>, Refusal> {
        let take = self.receipts.get().ok_or_else(Refusal::not_offered)?;
        take(token, who)
    }

    fn ask<T: Send + 'static>(
        &self,
        question: Question,
        wait: oneshot::Receiver<Result<T, Refusal>>,
    ) -> Answered<'_, T> {
        let sent = self.questions.try_send(question);
        Box::pin(async move {
            sent.map_err(refusal_of)?;
            wait.await.unwrap_or_else(|_| Err(stopped()))
        })
    }
}

fn refusal_of<T>(error: TrySendError<T>) -> Refusal {
    match error {
        TrySendError::Full(_) => Refusal::new(
            RefusalCode::Busy,
            "too many requests are waiting",
            "等待处理的请求过多",
        ),
        TrySendError::Disconnected(_) => stopped(),
    }
}
