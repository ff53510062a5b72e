//! Progress bars, one per stage, on a terminal only.

use std::io::IsTerminal;

use huibao_models::failure::Lang;
use huibao_models::task::{Stage, Task, TaskState};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stage_name;

/// Steps of a bar.
const STEPS: u16 = 1000;

/// The bars.
pub struct Bars {
    bars: [ProgressBar; 4],
    _group: MultiProgress,
}

impl Bars {
    /// Bars on standard error; hidden where that is no terminal.
    pub fn new(lang: Lang) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let group = MultiProgress::with_draw_target(target);
        let style =
            ProgressStyle::with_template("{prefix:>10} {bar:32.cyan/dim} {percent:>3}% {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸ ");
        let bars = Stage::ALL.map(|stage| {
            let bar = group.add(ProgressBar::new(STEPS.into())).with_style(style.clone());
            bar.set_prefix(stage_name(stage, lang));
            bar
        });
        Self { bars, _group: group }
    }

    /// Shows how far the tasks are.
    pub fn show(&mut self, tasks: &[Task]) {
        for (bar, task) in self.bars.iter().zip(tasks) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a fraction"
            )]
            bar.set_position((task.progress.clamp(0.0, 1.0) * f32::from(STEPS)) as u64);
            if task.state == TaskState::Done && !bar.is_finished() {
                bar.finish_with_message(format!("{:.1} s", seconds(task.work_ms.unwrap_or(0))));
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations stay far below 2^52 milliseconds")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
