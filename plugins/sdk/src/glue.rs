//! Between the contract's functions and the author's type: the one place where configuration
//! and state are read, written and kept.

use std::cell::RefCell;

use crate::Plugin;
use crate::types::StreamInfo;

/// A configured plugin and what it remembers.
pub struct Running<P: Plugin> {
    plugin: P,
    state: P::State,
}

/// Where a component keeps its one plugin.
pub type Slot<P> = RefCell<Option<Running<P>>>;

/// A new configuration keeps the state.
pub fn configure<P: Plugin>(
    slot: &Slot<P>,
    config: &str,
    stream: &StreamInfo,
) -> Result<(), String> {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| {
        crate::log::write(crate::log::Level::Error, &panic.to_string());
    }));
    // Serde would read a list as the fields in their order.
    if !config.trim_start().starts_with('{') {
        return Err("the configuration has to be a JSON object".to_owned());
    }
    let config = serde_json::from_str(config).map_err(|error| error.to_string())?;
    let plugin = P::configure(config, stream)?;
    let mut slot = slot.borrow_mut();
    let state = slot.take().map(|running| running.state).unwrap_or_default();
    *slot = Some(Running { plugin, state });
    Ok(())
}

/// Runs `work` on the configured plugin.
pub fn with<P: Plugin, T>(
    slot: &Slot<P>,
    work: impl FnOnce(&P, &mut P::State) -> Result<T, String>,
) -> Result<T, String> {
    let mut slot = slot.borrow_mut();
    let running = slot.as_mut().ok_or("the plugin is not configured yet")?;
    work(&running.plugin, &mut running.state)
}

/// Lets `tell` tell a plugin for several cameras which they are.
pub fn cameras<P: Plugin>(
    slot: &Slot<P>,
    tell: impl FnOnce(&mut P) -> Result<(), String>,
) -> Result<(), String> {
    let mut slot = slot.borrow_mut();
    let running = slot.as_mut().ok_or("the plugin is not configured yet")?;
    tell(&mut running.plugin)
}

/// The state as bytes. JSON, so that a person can read what a plugin remembered.
///
/// # Panics
/// When the state cannot be JSON, for example a map whose keys are no texts. The host must hear
/// it: a state that is lost in silence announces everything again.
#[expect(clippy::panic, reason = "the contract's `save` cannot return an error")]
pub fn save<P: Plugin>(slot: &Slot<P>) -> Vec<u8> {
    match slot.borrow().as_ref() {
        None => Vec::new(),
        Some(running) => serde_json::to_vec(&running.state)
            .unwrap_or_else(|error| panic!("the plugin's state cannot be saved: {error}")),
    }
}

/// The reverse of [`save`], for the versions that the plugin says it can read.
pub fn restore<P: Plugin>(slot: &Slot<P>, version: u32, data: &[u8]) -> Result<(), String> {
    if version != P::STATE_VERSION && !P::READS_STATE.contains(&version) {
        return Err(format!("state version {version} cannot be read"));
    }
    let restored = serde_json::from_slice(data)
        .map_err(|error| format!("state version {version} cannot be read: {error}"))?;
    with(slot, |_, state| {
        *state = restored;
        Ok(())
    })
}

/// The JSON Schema of the configuration.
pub fn config_schema<P: Plugin>() -> String {
    schemars::schema_for!(P::Config).as_value().to_string()
}
