//! The account of what has arrived at a receiver.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// What has arrived, and what is to.
pub struct Arrivals {
    /// By idempotency key: the camera, and which of its alerts it is.
    wanted: BTreeMap<String, (String, usize)>,
    taken: BTreeMap<String, String>,
    of_camera: BTreeMap<String, usize>,
    repeated: usize,
}

impl Arrivals {
    /// An account of these alerts, of which none has arrived: each with the idempotency key under
    /// which the receiver gets it and its camera, those of a camera in their order.
    pub fn of(alerts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut so_far: BTreeMap<String, usize> = BTreeMap::new();
        let placed = alerts.into_iter().map(|(key, camera)| {
            let next = so_far.entry(camera.clone()).or_default();
            let place = *next;
            *next += 1;
            (key, (camera, place))
        });
        Self {
            wanted: placed.collect(),
            taken: BTreeMap::new(),
            of_camera: BTreeMap::new(),
            repeated: 0,
        }
    }

    /// The receiver has taken an alert: the next of its camera, or one that it has already, as it
    /// was.
    ///
    /// # Errors
    /// When it is another one.
    pub fn take(&mut self, key: &str, body: &str) -> Result<()> {
        let wanted = self.wanted.get(key);
        let (camera, place) = wanted.with_context(|| format!("nobody sent {key}"))?;
        if let Some(before) = self.taken.get(key) {
            ensure!(before == body, "{key} stands for two alerts");
            self.repeated += 1;
            return Ok(());
        }
        let turn = self.of_camera.entry(camera.clone()).or_default();
        ensure!(
            turn == place,
            "{key} is alert {place} of its camera, and {turn} was its turn"
        );
        *turn += 1;
        self.taken.insert(key.to_owned(), body.to_owned());
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wanted.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// How many have arrived, each counted once.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.len()
    }

    /// How often one arrived that was there already.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.repeated
    }

    /// Whether everything has arrived.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.taken.len() == self.wanted.len()
    }
}
