//! Whether children can be confined on this machine, and what follows if not.

use huibao_worker::child::confinement::Lacking;

use crate::exit::CommandError;
use crate::settings::Settings;

/// Warns of what the kernel lacks. Refuses to start where the settings demand what it lacks.
pub fn check(settings: &Settings) -> Result<(), CommandError> {
    let lacking = Lacking::here();
    if !lacking.is_a_gap() {
        return Ok(());
    }
    if !settings.require_confinement {
        tracing::warn!(%lacking, "processes that read users' files are not confined on this kernel");
        return Ok(());
    }
    Err(CommandError::Unavailable {
        zh: format!(
            "本机内核缺少 {lacking}，无法隔离处理用户文件的进程，而设置 require_confinement 要求隔离。请升级内核，或关闭该设置。"
        ),
        en: format!(
            "this kernel lacks {lacking}, so processes that read users' files cannot be confined, and require_confinement demands it; use a newer kernel, or switch the setting off"
        ),
    })
}
