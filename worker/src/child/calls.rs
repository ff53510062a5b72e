//! The open requests of a child.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use huibao_models::domain::failure::Failure;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::protocol::{CallId, ChildEvent, ChildMessage};

/// The open calls of a child: requests without a result.
#[derive(Default)]
pub struct Calls {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: HashMap<CallId, UnboundedSender<ChildEvent>>,
    last: CallId,
    /// Why the child cannot be used any more.
    over: Option<Failure>,
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent after each statement, so a poisoned lock is usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a call. `None` if the child cannot be used any more.
    pub fn open(&self) -> Option<(CallId, UnboundedReceiver<ChildEvent>)> {
        let mut state = self.state();
        if state.over.is_some() {
            return None;
        }
        state.last += 1;
        let (id, (sender, receiver)) = (state.last, mpsc::unbounded_channel());
        state.open.insert(id, sender);
        Some((id, receiver))
    }

    /// Closes a call that has its result.
    pub fn close(&self, id: CallId) {
        self.state().open.remove(&id);
    }

    /// Cancels a call before its result. If it is the only open call, the child cannot be used any more
    /// and is to be killed; returns whether that is so.
    pub fn cancel(&self, id: CallId) -> bool {
        let mut state = self.state();
        let was_open = state.open.remove(&id).is_some();
        let alone = was_open && state.open.is_empty();
        if alone {
            state.over.get_or_insert_with(|| Failure::internal("a child was cancelled"));
        }
        alone
    }

    /// Passes an event on to its call.
    pub fn deliver(&self, message: ChildMessage) {
        if let Some(receiver) = self.state().open.get(&message.call) {
            // The receiver may be dropped already.
            let _ = receiver.send(message.event);
        }
    }

    /// The child has ended: all open calls end without a result.
    pub fn end(&self, why: Failure) {
        let mut state = self.state();
        state.over.get_or_insert(why);
        state.open.clear();
    }

    /// Why the child cannot be used any more, if so.
    pub fn over(&self) -> Option<Failure> {
        self.state().over.clone()
    }

    /// The last call, if no call is open.
    pub fn idle_since(&self) -> Option<CallId> {
        let state = self.state();
        state.open.is_empty().then_some(state.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_go_to_their_call() {
        let calls = Calls::default();
        let (first, mut events_of_first) = calls.open().unwrap();
        let (second, mut events_of_second) = calls.open().unwrap();
        calls.deliver(ChildMessage { call: second, event: ChildEvent::Progress(0.5) });
        calls.deliver(ChildMessage { call: first, event: ChildEvent::Progress(0.25) });
        let received = |events: &mut UnboundedReceiver<_>| match events.try_recv() {
            Ok(ChildEvent::Progress(fraction)) => fraction,
            other => panic!("{other:?}"),
        };
        let fractions = (received(&mut events_of_first), received(&mut events_of_second));
        assert_eq!(fractions, (0.25, 0.5));
    }

    #[test]
    fn cancelling_the_only_call_ends_the_child() {
        let calls = Calls::default();
        let (first, _events) = calls.open().unwrap();
        let (second, _events) = calls.open().unwrap();
        assert!(!calls.cancel(first));
        assert!(!calls.cancel(first), "it is not open any more");
        assert!(calls.over().is_none());
        assert!(calls.cancel(second));
        assert!(calls.open().is_none(), "no call is opened on a child that is about to be killed");
    }

    #[test]
    fn the_end_of_a_child_is_the_end_of_all_calls() {
        let calls = Calls::default();
        let (_, mut events) = calls.open().unwrap();
        assert_eq!(calls.idle_since(), None);
        calls.end(Failure::internal("gone"));
        assert!(events.blocking_recv().is_none());
        assert_eq!(calls.over(), Some(Failure::internal("gone")));
    }
}
