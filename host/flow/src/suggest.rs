//! "Did you mean": most wrong names are right ones with a slip of the finger.

/// The candidate that is most like `wrong`, if one is like it at all.
pub(crate) fn closest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != wrong)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        // A third of the letters may be wrong; more is another word.
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count().max(wrong.chars().count()) / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The help for a wrong name: the one that was meant, or else all there are. `what` is a plural.
pub fn instead_of(wrong: &str, what: &str, candidates: &[&str]) -> String {
    match closest(wrong, candidates.iter().copied()) {
        Some(meant) => format!("did you mean '{meant}'?"),
        None if let [only] = candidates => format!("there is only '{only}'"),
        None if candidates.is_empty() => format!("there are no {what}"),
        None => format!("the {what} are {}", listed(candidates)),
    }
}

/// `'a', 'b' and 'c'`; long lists are cut.
pub(crate) fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let quoted: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("'{name}'"))
        .collect();
    let more = names.len().saturating_sub(SHOWN);
    match quoted.split_last() {
        _ if more > 0 => format!("{} and {more} more", quoted.join(", ")),
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        assert_eq!(closest("zonez", ["zones", "detect"]), Some("zones"));
        assert_eq!(closest("Zones", ["zones"]), Some("zones"));
        assert_eq!(closest("zone", ["calm", "detect"]), None);
        assert_eq!(listed(&["a", "b", "c"]), "'a', 'b' and 'c'");
        assert_eq!(
            instead_of("x", "cameras", &["gate"]),
            "there is only 'gate'"
        );
    }
}
