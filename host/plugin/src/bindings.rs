//! What `bindgen!` makes of the contract. The imports are generated once; each exported
//! interface has a world of its own, so that the host looks for the exports it needs and does
//! not mind what else a language's runtime exports.

#![allow(missing_docs, unreachable_pub, clippy::all)]

pub mod imports {
    wasmtime::component::bindgen!({
        inline: "
            package agave:host-imports;
            world imports {
                import agave:plugin/types@0.1.0;
                import agave:plugin/log@0.1.0;
                import agave:plugin/clock@0.1.0;
                import agave:plugin/secrets@0.1.0;
                import agave:plugin/http@0.1.0;
                import agave:plugin/mqtt@0.1.0;
                import agave:plugin/tcp@0.1.0;
                import agave:plugin/frames@0.1.0;
                import agave:plugin/keyvalue@0.1.0;
            }
        ",
        path: "../../wit/0.1.0",
        world: "imports",
        with: {
            "agave:plugin/secrets@0.1.0.secret": crate::capability::secrets::Handle,
            "agave:plugin/tcp@0.1.0.connection": crate::capability::tcp::Connection,
        },
        imports: { default: trappable },
    });
}

macro_rules! export_world {
    ($module:ident, $wit:literal) => {
        pub mod $module {
            wasmtime::component::bindgen!({
                inline: $wit,
                path: "../../wit/0.1.0",
                world: "exports",
                with: {
                    "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types,
                },
            });
        }
    };
}

export_world!(
    lifecycle,
    "package agave:host-lifecycle; world exports { export agave:plugin/lifecycle@0.1.0; }"
);
export_world!(
    filter,
    "package agave:host-filter; world exports { export agave:plugin/filter@0.1.0; }"
);
export_world!(
    rule,
    "package agave:host-rule; world exports { export agave:plugin/rule@0.1.0; }"
);
export_world!(
    site_rule,
    "package agave:host-site-rule; world exports { export agave:plugin/site-rule@0.1.0; }"
);
export_world!(
    gate,
    "package agave:host-gate; world exports { export agave:plugin/gate@0.1.0; }"
);
export_world!(
    site_gate,
    "package agave:host-site-gate; world exports { export agave:plugin/site-gate@0.1.0; }"
);
export_world!(
    adapter,
    "package agave:host-adapter; world exports { export agave:plugin/adapter@0.1.0; }"
);
export_world!(
    upkeep,
    "package agave:host-upkeep; world exports { export agave:plugin/upkeep@0.1.0; }"
);
