//! The order to end.

use tokio::sync::watch;

/// Gives the order to end. Dropping it gives the order too.
#[derive(Debug)]
pub struct StopSource(watch::Sender<bool>);

/// Receives the order to end. Cloneable: one order ends many tasks.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl StopSource {
    /// A source and its first receiver.
    pub fn new() -> (StopSource, Stop) {
        let (sender, receiver) = watch::channel(false);
        (StopSource(sender), Stop(receiver))
    }

    /// Gives the order.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Another receiver.
    pub fn subscribe(&self) -> Stop {
        Stop(self.0.subscribe())
    }
}

impl Stop {
    /// Whether the order has been given.
    pub fn requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for the order. Cancel-safe.
    pub async fn wait(&mut self) {
        // An error means the source is gone, which is an order as well.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn order_and_loss_of_its_source_both_end() {
        let (source, mut stop) = StopSource::new();
        assert!(!stop.requested());
        source.stop();
        stop.wait().await;
        assert!(stop.requested());

        let (source, mut stop) = StopSource::new();
        drop(source);
        stop.wait().await;
        assert!(stop.requested());
    }
}
