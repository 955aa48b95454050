//! The macros that make a component of a plugin's type: one for each role, all alike but for
//! the functions of the role itself.

/// The part of a component that is the same in every role.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_lifecycle {
    ($plugin:ty) => {
        // Native builds, for tests, type-check all of it and export nothing: the contract's names
        // are no names for a native linker.
        #[allow(dead_code)]
        struct AgaveComponent;

        ::std::thread_local! {
            static AGAVE_PLUGIN: $crate::glue::Slot<$plugin> =
                const { ::std::cell::RefCell::new(None) };
        }

        impl $crate::bindings::lifecycle::exports::agave::plugin::lifecycle::Guest
            for AgaveComponent
        {
            fn describe()
            -> $crate::bindings::lifecycle::exports::agave::plugin::lifecycle::Description {
                $crate::bindings::lifecycle::exports::agave::plugin::lifecycle::Description {
                    name: env!("CARGO_PKG_NAME").to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    summary: env!("CARGO_PKG_DESCRIPTION").to_owned(),
                    config_schema: $crate::glue::config_schema::<$plugin>(),
                    state_version: <$plugin as $crate::Plugin>::STATE_VERSION,
                    reads_state: <$plugin as $crate::Plugin>::READS_STATE.to_vec(),
                }
            }

            fn configure(
                config: ::std::string::String,
                stream: $crate::types::StreamInfo,
            ) -> ::std::result::Result<(), ::std::string::String> {
                AGAVE_PLUGIN.with(|slot| $crate::glue::configure(slot, &config, &stream))
            }

            fn save() -> $crate::bindings::lifecycle::exports::agave::plugin::lifecycle::Snapshot {
                $crate::bindings::lifecycle::exports::agave::plugin::lifecycle::Snapshot {
                    version: <$plugin as $crate::Plugin>::STATE_VERSION,
                    data: AGAVE_PLUGIN.with($crate::glue::save),
                }
            }

            fn restore(
                snapshot: $crate::bindings::lifecycle::exports::agave::plugin::lifecycle::Snapshot,
            ) -> ::std::result::Result<(), ::std::string::String> {
                AGAVE_PLUGIN
                    .with(|slot| $crate::glue::restore(slot, snapshot.version, &snapshot.data))
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::lifecycle::__export_lifecycle_component!(
            AgaveComponent with_types_in $crate::bindings::lifecycle
        );
    };
}

/// Makes a filter component of a type that is a [`Filter`](crate::Filter).
#[macro_export]
macro_rules! export_filter {
    ($plugin:ty) => {
        const _: () = {
            $crate::__export_lifecycle!($plugin);

            impl $crate::bindings::filter::exports::agave::plugin::filter::Guest
                for AgaveComponent
            {
                fn process(
                    frames: ::std::vec::Vec<$crate::types::FrameDetections>,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::types::FrameDetections>,
                    ::std::string::String,
                > {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            frames
                                .into_iter()
                                .map(|frame| $crate::Filter::process(plugin, state, frame))
                                .collect()
                        })
                    })
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::filter::__export_filter_component!(
                AgaveComponent with_types_in $crate::bindings::filter
            );
        };
    };
}

/// Makes a rule component of a type that is a [`Rule`](crate::Rule).
#[macro_export]
macro_rules! export_rule {
    ($plugin:ty) => {
        const _: () = {
            $crate::__export_lifecycle!($plugin);

            impl $crate::bindings::rule::exports::agave::plugin::rule::Guest for AgaveComponent {
                fn evaluate(
                    frames: ::std::vec::Vec<$crate::types::FrameDetections>,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::types::Alert>,
                    ::std::string::String,
                > {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            let mut alerts = ::std::vec::Vec::new();
                            for frame in &frames {
                                alerts.extend($crate::Rule::evaluate(plugin, state, frame)?);
                            }
                            Ok(alerts)
                        })
                    })
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::rule::__export_rule_component!(
                AgaveComponent with_types_in $crate::bindings::rule
            );
        };
    };
}

/// Makes a rule for several cameras of a type that is a [`SiteRule`](crate::SiteRule).
#[macro_export]
macro_rules! export_site_rule {
    ($plugin:ty) => {
        const _: () = {
            $crate::__export_lifecycle!($plugin);

            impl $crate::bindings::site_rule::exports::agave::plugin::site_rule::Guest
                for AgaveComponent
            {
                fn cameras(
                    streams: ::std::vec::Vec<$crate::types::StreamInfo>,
                ) -> ::std::result::Result<(), ::std::string::String> {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::cameras(slot, |plugin| {
                            $crate::SiteRule::cameras(plugin, &streams)
                        })
                    })
                }

                fn evaluate(
                    camera: u32,
                    frame: $crate::types::FrameDetections,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::types::Alert>,
                    ::std::string::String,
                > {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            $crate::SiteRule::evaluate(plugin, state, camera as usize, &frame)
                        })
                    })
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::site_rule::__export_site_rule_component!(
                AgaveComponent with_types_in $crate::bindings::site_rule
            );
        };
    };
}

/// Makes a gate component of a type that is a [`Gate`](crate::Gate).
#[macro_export]
macro_rules! export_gate {
    ($plugin:ty) => {
        const _: () = {
            $crate::__export_lifecycle!($plugin);

            impl $crate::bindings::gate::exports::agave::plugin::gate::Guest for AgaveComponent {
                fn pass(
                    alerts: ::std::vec::Vec<$crate::types::Alert>,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::types::Alert>,
                    ::std::string::String,
                > {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            let mut passed = ::std::vec::Vec::new();
                            for alert in alerts {
                                passed.extend($crate::Gate::pass(plugin, state, alert)?);
                            }
                            Ok(passed)
                        })
                    })
                }

                fn tick(
                    now: $crate::types::Timestamp,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::types::Alert>,
                    ::std::string::String,
                > {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            $crate::Gate::tick(plugin, state, now)
                        })
                    })
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::gate::__export_gate_component!(
                AgaveComponent with_types_in $crate::bindings::gate
            );
        };
    };
}

/// Makes a gate for several cameras of a type that is a [`SiteGate`](crate::SiteGate).
#[macro_export]
macro_rules! export_site_gate {
    ($plugin:ty) => {
        const _: () = {
            $crate::__export_lifecycle!($plugin);

            impl $crate::bindings::site_gate::exports::agave::plugin::site_gate::Guest
                for AgaveComponent
            {
                fn cameras(
                    streams: ::std::vec::Vec<$crate::types::StreamInfo>,
                ) -> ::std::result::Result<(), ::std::string::String> {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::cameras(slot, |plugin| {
                            $crate::SiteGate::cameras(plugin, &streams)
                        })
                    })
                }

                fn pass(
                    camera: u32,
                    alerts: ::std::vec::Vec<$crate::types::Alert>,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::types::Alert>,
                    ::std::string::String,
                > {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            let camera = camera as usize;
                            let mut passed = ::std::vec::Vec::new();
                            for alert in alerts {
                                passed
                                    .extend($crate::SiteGate::pass(plugin, state, camera, alert)?);
                            }
                            Ok(passed)
                        })
                    })
                }

                fn tick(
                    camera: u32,
                    now: $crate::types::Timestamp,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<$crate::types::Alert>,
                    ::std::string::String,
                > {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            $crate::SiteGate::tick(plugin, state, camera as usize, now)
                        })
                    })
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::site_gate::__export_site_gate_component!(
                AgaveComponent with_types_in $crate::bindings::site_gate
            );
        };
    };
}

/// Makes an adapter component of a type that is an [`Adapter`](crate::Adapter).
#[macro_export]
macro_rules! export_adapter {
    ($plugin:ty) => {
        const _: () = {
            $crate::__export_lifecycle!($plugin);

            impl $crate::bindings::adapter::exports::agave::plugin::adapter::Guest
                for AgaveComponent
            {
                fn deliver(
                    deliveries: ::std::vec::Vec<$crate::Delivery>,
                ) -> ::std::vec::Vec<$crate::Outcome> {
                    AGAVE_PLUGIN.with(|slot| {
                        deliveries
                            .iter()
                            .map(|delivery| {
                                $crate::glue::with(slot, |plugin, state| {
                                    Ok($crate::Adapter::deliver(plugin, state, delivery))
                                })
                                .unwrap_or_else($crate::Outcome::Rejected)
                            })
                            .collect()
                    })
                }
            }

            impl $crate::bindings::upkeep::exports::agave::plugin::upkeep::Guest
                for AgaveComponent
            {
                fn upkeep(
                    cameras: ::std::vec::Vec<$crate::types::StreamInfo>,
                ) -> ::std::option::Option<u32> {
                    AGAVE_PLUGIN.with(|slot| {
                        $crate::glue::with(slot, |plugin, state| {
                            Ok($crate::Adapter::upkeep(plugin, state, &cameras))
                        })
                        .ok()
                        .flatten()
                        .map($crate::Duration::as_millis)
                    })
                }

                fn leave() {
                    AGAVE_PLUGIN.with(|slot| {
                        // Before `configure` there is nothing to leave.
                        let _ = $crate::glue::with(slot, |plugin, state| {
                            $crate::Adapter::leave(plugin, state);
                            Ok(())
                        });
                    });
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::upkeep::__export_upkeep_component!(
                AgaveComponent with_types_in $crate::bindings::upkeep
            );

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::adapter::__export_adapter_component!(
                AgaveComponent with_types_in $crate::bindings::adapter
            );
        };
    };
}
