//! No WASI. Standard toolchains import it without using it, so the imports are accepted; calling
//! one traps and says which.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};

use crate::guest::Guest;

/// Whether an import belongs to WASI.
pub(crate) fn is_wasi(import: &str) -> bool {
    import.starts_with("wasi:")
}

/// Gives every WASI import of `component` a function that traps.
pub(crate) fn refuse(linker: &mut Linker<Guest>, component: &Component) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    let kind = component.component_type();
    for (import, item) in kind.imports(&engine).filter(|(name, _)| is_wasi(name)) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            continue;
        };
        let mut stub = linker.instance(import)?;
        for (name, item) in interface.exports(&engine) {
            refuse_item(&mut stub, import, name, &item.ty)?;
        }
    }
    Ok(())
}

fn refuse_item(
    stub: &mut LinkerInstance<'_, Guest>,
    interface: &str,
    name: &str,
    item: &ComponentItem,
) -> wasmtime::Result<()> {
    match item {
        ComponentItem::ComponentFunc(_) => {
            let called = format!("{interface}#{name}");
            stub.func_new(name, move |_, _, _, _| {
                Err(wasmtime::Error::msg(format!(
                    "called `{called}`; plugins have no WASI"
                )))
            })
        }
        ComponentItem::Resource(_) => {
            stub.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))
        }
        _ => Ok(()),
    }
}
