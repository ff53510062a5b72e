//! Progress bars on a terminal: one per stage, and one for bytes on their way.

use std::io::IsTerminal;

use huibao_api::view::StageView;
use huibao_models::domain::failure::Lang;
use huibao_models::domain::job::JobState;
use huibao_models::domain::pipeline::Stage;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stages::stage_name;

/// Steps of a stage's bar.
const STEPS: u16 = 1000;

/// The bars of the stages.
pub struct Bars {
    bars: Vec<ProgressBar>,
    group: MultiProgress,
}

impl Bars {
    /// Bars on standard error; hidden where that is no terminal.
    pub fn new(lang: Lang) -> Self {
        let group = MultiProgress::with_draw_target(target());
        let style = style("{prefix:>10} {bar:32.cyan/dim} {percent:>3}% {msg}");
        let bars = Stage::ALL.iter().map(|&stage| {
            let bar = group.add(ProgressBar::new(STEPS.into())).with_style(style.clone());
            bar.set_prefix(stage_name(stage, lang));
            bar
        });
        Self { bars: bars.collect(), group }
    }

    /// Writes a line above the bars, where there are any.
    pub fn note(&self, line: &str) {
        // A terminal that went away takes its notes with it.
        let _ = self.group.println(line);
    }

    /// Shows the progress of the stages, which are in the order of [`Stage::ALL`].
    pub fn show(&self, stages: &[StageView]) {
        for (bar, stage) in self.bars.iter().zip(stages) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a fraction"
            )]
            bar.set_position((stage.progress.clamp(0.0, 1.0) * f32::from(STEPS)) as u64);
            if stage.state == JobState::Done && !bar.is_finished() {
                bar.finish_with_message(format!("{:.1} s", stage.work_seconds.unwrap_or(0.0)));
            }
        }
    }
}

/// A bar for `bytes` that are sent.
pub fn upload_bar(lang: Lang, bytes: u64) -> ProgressBar {
    let style = style(
        "{prefix:>10} {bar:32.cyan/dim} {percent:>3}% {binary_bytes}/{binary_total_bytes} \
         {binary_bytes_per_sec}",
    );
    let bar = ProgressBar::with_draw_target(Some(bytes), target()).with_style(style);
    bar.set_prefix(lang.pick("上传", "upload"));
    bar
}

/// A bar for `bytes` that move to another installation.
pub fn transfer_bar(bytes: u64) -> ProgressBar {
    let style = style("{bar:32.cyan/dim} {percent:>3}%  {bytes} / {total_bytes}  {eta}");
    ProgressBar::with_draw_target(Some(bytes), target()).with_style(style)
}

/// A bar for things that are done one after the other.
pub fn count_bar(things: u64) -> ProgressBar {
    let style = style("{bar:32.cyan/dim} {percent:>3}%  {pos} / {len}  {eta}");
    ProgressBar::with_draw_target(Some(things), target()).with_style(style)
}

fn target() -> ProgressDrawTarget {
    if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ")
}
