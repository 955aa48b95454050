//! What `wit-bindgen` makes of the contract: the imports once, and each exported interface in a
//! world of its own, so that a plugin exports the lifecycle and exactly one role. The encoder
//! joins the worlds again and leaves out the imports that a plugin does not use.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

/// Everything that a plugin may import, and the types.
pub mod imports {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-imports;
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
        generate_all,
        generate_unused_types: true,
        additional_type_attributes: {
            "agave:plugin/types@0.1.0/point": [#[derive(PartialEq, serde::Serialize, serde::Deserialize)]],
            "agave:plugin/types@0.1.0/bbox": [#[derive(PartialEq, serde::Serialize, serde::Deserialize)]],
            "agave:plugin/types@0.1.0/detection": [#[derive(PartialEq, serde::Serialize, serde::Deserialize)]],
            "agave:plugin/types@0.1.0/frame-detections": [#[derive(PartialEq, serde::Serialize, serde::Deserialize)]],
            "agave:plugin/types@0.1.0/zone": [#[derive(PartialEq)]],
            "agave:plugin/types@0.1.0/stream-info": [#[derive(PartialEq)]],
            "agave:plugin/types@0.1.0/severity": [#[derive(serde::Serialize, serde::Deserialize)]],
            "agave:plugin/types@0.1.0/phase": [#[derive(serde::Serialize, serde::Deserialize)]],
            "agave:plugin/types@0.1.0/alert": [#[derive(PartialEq, serde::Serialize, serde::Deserialize)]],
        },
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "imports",
    });
}

pub mod lifecycle {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-lifecycle;
            world lifecycle-component { export agave:plugin/lifecycle@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "lifecycle-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_lifecycle_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "lifecycle",
    });
}

pub mod filter {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-filter;
            world filter-component { export agave:plugin/filter@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "filter-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_filter_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "filter",
    });
}

pub mod rule {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-rule;
            world rule-component { export agave:plugin/rule@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "rule-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_rule_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "rule",
    });
}

pub mod site_rule {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-site-rule;
            world site-rule-component { export agave:plugin/site-rule@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "site-rule-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_site_rule_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "site-rule",
    });
}

pub mod gate {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-gate;
            world gate-component { export agave:plugin/gate@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "gate-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_gate_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "gate",
    });
}

pub mod upkeep {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-upkeep;
            world upkeep-component { export agave:plugin/upkeep@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "upkeep-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_upkeep_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "upkeep",
    });
}

pub mod site_gate {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-site-gate;
            world site-gate-component { export agave:plugin/site-gate@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "site-gate-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_site_gate_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "site-gate",
    });
}

pub mod adapter {
    wit_bindgen::generate!({
        inline: "
            package agave:sdk-adapter;
            world adapter-component { export agave:plugin/adapter@0.1.0; }
        ",
        path: "../../wit/0.1.0",
        world: "adapter-component",
        with: { "agave:plugin/types@0.1.0": crate::bindings::imports::agave::plugin::types },
        pub_export_macro: true,
        export_macro_name: "__export_adapter_component",
        runtime_path: "agave_vision_sdk::wit_bindgen::rt",
        type_section_suffix: "adapter",
    });
}
