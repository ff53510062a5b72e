//! Letters as texts are compared by them: how they are written makes no difference.

use std::iter::once;
use std::sync::LazyLock;

use chinese_text::normalise::SimplifiedForms;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Traditional characters equal simplified ones. The table is built into the program; without it, characters would
/// only equal those that are written the same.
static SIMPLIFIED: LazyLock<Option<SimplifiedForms>> =
    LazyLock::new(|| SimplifiedForms::new().ok());

/// What a character is compared by: simplified, without case, accents and widths. Of some characters that is several
/// (`㎞`), of marks none.
pub(super) fn folded(c: char) -> impl Iterator<Item = char> {
    let simplified = SIMPLIFIED.as_ref();
    once(c)
        .nfkd()
        .flat_map(char::to_lowercase)
        .filter(|c| !is_combining_mark(*c))
        .map(move |c| simplified.map_or(c, |forms| forms.of(c)))
}
