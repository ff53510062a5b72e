//! What a child was asked for and has not answered yet.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use huibao_models::domain::failure::Failure;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{CallId, ChildMessage, ChildNews};

/// The open calls of one child.
#[derive(Default)]
pub struct Calls {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: HashMap<CallId, UnboundedSender<ChildMessage>>,
    last: CallId,
    /// Why there will be no more answers.
    over: Option<Failure>,
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whole after each step, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a call. `None` once the child is of no more use.
    pub fn open(&self) -> Option<(CallId, UnboundedReceiver<ChildMessage>)> {
        let mut state = self.state();
        if state.over.is_some() {
            return None;
        }
        state.last += 1;
        let (id, (sender, receiver)) = (state.last, mpsc::unbounded_channel());
        state.open.insert(id, sender);
        Some((id, receiver))
    }

    /// Closes a call that was answered.
    pub fn close(&self, id: CallId) {
        self.state().open.remove(&id);
    }

    /// Gives up a call before its answer. If nobody else waits for the child, it is given up as a
    /// whole, and nobody will; returns whether that is so.
    pub fn give_up(&self, id: CallId) -> bool {
        let mut state = self.state();
        let was_open = state.open.remove(&id).is_some();
        let alone = was_open && state.open.is_empty();
        if alone {
            state.over.get_or_insert_with(|| Failure::internal("a child was given up"));
        }
        alone
    }

    /// Passes on what the child said.
    pub fn deliver(&self, news: ChildNews) {
        if let Some(listener) = self.state().open.get(&news.call) {
            // A listener that is gone has no more use for it.
            let _ = listener.send(news.message);
        }
    }

    /// The child is no more: all open calls end without an answer.
    pub fn end(&self, why: Failure) {
        let mut state = self.state();
        state.over.get_or_insert(why);
        state.open.clear();
    }

    /// Why there will be no more answers, if so.
    pub fn over(&self) -> Option<Failure> {
        self.state().over.clone()
    }

    /// The last call that there was, if no call is open.
    pub fn idle_since(&self) -> Option<CallId> {
        let state = self.state();
        state.open.is_empty().then_some(state.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_go_to_whom_they_concern() {
        let calls = Calls::default();
        let (first, mut news_of_first) = calls.open().unwrap();
        let (second, mut news_of_second) = calls.open().unwrap();
        calls.deliver(ChildNews { call: second, message: ChildMessage::Progress(0.5) });
        calls.deliver(ChildNews { call: first, message: ChildMessage::Progress(0.25) });
        let told = |news: &mut UnboundedReceiver<_>| match news.try_recv() {
            Ok(ChildMessage::Progress(fraction)) => fraction,
            other => panic!("{other:?}"),
        };
        assert_eq!((told(&mut news_of_first), told(&mut news_of_second)), (0.25, 0.5));
    }

    #[test]
    fn a_child_is_given_up_with_its_only_call() {
        let calls = Calls::default();
        let (first, _news) = calls.open().unwrap();
        let (second, _news) = calls.open().unwrap();
        assert!(!calls.give_up(first));
        assert!(!calls.give_up(first), "it is not open any more");
        assert!(calls.over().is_none());
        assert!(calls.give_up(second));
        assert!(calls.open().is_none(), "nobody is to wait for what is about to be killed");
    }

    #[test]
    fn the_end_of_a_child_is_the_end_of_all_calls() {
        let calls = Calls::default();
        let (_, mut news) = calls.open().unwrap();
        assert_eq!(calls.idle_since(), None);
        calls.end(Failure::internal("gone"));
        assert!(news.blocking_recv().is_none());
        assert_eq!(calls.over(), Some(Failure::internal("gone")));
    }
}
