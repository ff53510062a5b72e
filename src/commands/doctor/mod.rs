//! `huibao doctor`: what is there, what is missing, what to do about it.

mod finding;
mod recognition;

use std::path::Path;
use std::process::ExitCode;

use huibao_models::domain::failure::{FailureCode, Lang};
use huibao_worker::child::confinement::Lacking;
use huibao_worker::{media, speech, written};

use self::finding::Finding;
use crate::settings::Settings;

/// Less free space than this is a warning sign: a report takes up to three times its video.
const LOW_DISK_BYTES: u64 = 2 << 30;

/// Flags of `huibao doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Looks at everything; the exit code is 69 if something is missing.
#[expect(clippy::print_stdout, reason = "this is the command's answer")]
pub async fn run(settings: &Settings, args: &Args) -> ExitCode {
    let lang = settings.lang();
    let mut findings = recognition::findings(settings).await;
    findings.extend(settings.glossary_path().map(|path| glossary(&path, lang)));
    findings.extend(codecs(lang));
    findings.push(libreoffice(settings, lang));
    findings.push(disk(&settings.data_dir, lang));
    findings.push(Finding::good("cores", settings.cores().to_string()));
    findings.push(processor(lang));
    findings.push(confinement(settings, lang));
    let ok = findings.iter().all(|finding| finding.ok);
    if args.json {
        println!("{}", serde_json::json!({ "ok": ok, "findings": findings }));
    } else {
        for finding in &findings {
            println!(
                "{} {:<14} {}",
                if finding.ok { "✓" } else { "✗" },
                finding.name,
                finding.detail
            );
            if let Some(advice) = &finding.what_to_do {
                println!("  {:<14} → {advice}", "");
            }
        }
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::from(69) }
}

fn glossary(path: &Path, lang: Lang) -> Finding {
    let place = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let advice = lang.pick("请保存为 UTF-8 文本文件", "save it as a text file in UTF-8");
            return Finding::bad("glossary", format!("{place}: {error}"), advice);
        }
    };
    let (_, bad) = speech::Glossary::with(&text);
    let Some(first) = bad.first() else { return Finding::good("glossary", place.to_string()) };
    let advice = lang.pick("每行写一个词", "write one word to a line");
    Finding::bad("glossary", format!("{place}: {first}"), advice)
}

fn codecs(lang: Lang) -> Vec<Finding> {
    let all = media::capabilities();
    let names = |wanted: &dyn Fn(&media::Capability) -> bool| {
        all.iter().filter(|c| wanted(c)).map(|c| c.name).collect::<Vec<_>>().join(" ")
    };
    let mut findings = vec![Finding::good("ffmpeg", media::version())];
    let missing = names(&|c| c.needed && !c.present);
    findings.push(if missing.is_empty() {
        Finding::good("codecs", names(&|c| c.present))
    } else {
        Finding::bad(
            "codecs",
            missing,
            lang.pick(
                "请安装带 libx264 的 FFmpeg（Debian 自带的即可），然后重新编译",
                "install an FFmpeg with libx264 (Debian's has it) and build again",
            ),
        )
    });
    findings
}

fn libreoffice(settings: &Settings, lang: Lang) -> Finding {
    if let Some(folder) = settings.libreoffice() {
        let has_font =
            written::FONT_FOLDERS.map(Path::new).into_iter().any(written::is_chinese_font_in);
        if !has_font {
            let advice = FailureCode::PdfFontMissing.message(lang);
            return Finding {
                ok: true,
                ..Finding::bad("libreoffice", folder.display().to_string(), advice)
            };
        }
        return Finding::good("libreoffice", folder.display().to_string());
    }
    let advice = lang.pick(
        "要读取 .doc、.wps、.rtf 和导出 PDF，请安装 libreoffice-writer-nogui；否则这些文件会被退回，并说明怎样另存为 .docx",
        "install libreoffice-writer-nogui to read .doc, .wps and .rtf files and to export PDF; without it such files are refused, with how to save them as .docx",
    );
    // Everything else works without.
    Finding { ok: true, ..Finding::bad("libreoffice", lang.pick("没有", "none"), advice) }
}

fn processor(lang: Lang) -> Finding {
    match speech::processor::check() {
        Ok(()) => Finding::good("processor", speech::processor::describe()),
        Err(error) => {
            let advice = FailureCode::ProcessorUnfit.message(lang);
            Finding::bad("processor", error.to_string(), advice)
        }
    }
}

fn confinement(settings: &Settings, lang: Lang) -> Finding {
    let lacking = Lacking::here();
    if !lacking.is_a_gap() {
        let whole = "files, network, system calls";
        let detail =
            if lacking.network { format!("{whole}; without {lacking}") } else { whole.to_owned() };
        return Finding::good("confinement", detail);
    }
    let advice = lang.pick(
        "处理用户文件的进程不受隔离；请使用 5.13 或更新的内核，并启用 Landlock",
        "processes that read users' files are not confined; use Linux 5.13 or newer with Landlock enabled",
    );
    // Everything works without, unless the settings demand it.
    Finding {
        ok: !settings.require_confinement,
        ..Finding::bad("confinement", format!("lacking: {lacking}"), advice)
    }
}

fn disk(folder: &Path, lang: Lang) -> Finding {
    // The folder may not exist yet: what counts is the file system that it will be on.
    let existing = folder.ancestors().find(|f| f.exists()).unwrap_or(Path::new("."));
    let place = folder.display();
    match rustix::fs::statvfs(existing) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let detail = format!("{place}: {} GB", free / 1_000_000_000);
            if free >= LOW_DISK_BYTES {
                return Finding::good("disk", detail);
            }
            Finding::bad("disk", detail, FailureCode::DiskFull.message(lang))
        }
        Err(error) => Finding::bad(
            "disk",
            format!("{place}: {error}"),
            lang.pick(
                "请用 --data-dir 指定可写的目录",
                "name a folder that can be written with --data-dir",
            ),
        ),
    }
}
