//! `agave explain`: what a code of a diagnostic means, and what to do about it.

use std::process::ExitCode;

use agave_flow::Code;
use anyhow::Result;
use clap::Args;

use crate::command::print;

#[derive(Args)]
pub(crate) struct Explain {
    /// The code, for example E012; all of them are listed if not said
    code: Option<Code>,
}

impl Explain {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.code {
            Some(code) => print(&page(code)),
            None => {
                for code in Code::ALL {
                    print(&format!("{code}  {}", first_sentence(code.explanation())));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// All that there is to say about a code.
fn page(code: Code) -> String {
    let severity = code.severity();
    let (explanation, details) = (code.explanation(), code.details().trim_end());
    format!("{code}, {severity}: {explanation}\n\n{details}")
}

fn first_sentence(text: &str) -> &str {
    match text.find(". ") {
        Some(end) => text.get(..=end).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_example_of_wrong_and_right() {
        for code in Code::ALL {
            let page = page(*code);
            let (before, examples) = page.split_once("\n\nWrong:\n\n    ").unwrap_or_default();
            assert!(before.starts_with(&code.to_string()), "{page}");
            assert!(examples.contains("\n\nRight:\n\n    "), "{page}");
            assert!(!first_sentence(code.explanation()).contains(". "), "{page}");
        }
    }
}
