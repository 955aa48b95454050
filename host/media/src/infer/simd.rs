//! The same loops, compiled for the instructions of the CPU at hand: a build must run on any
//! CPU of its architecture, and on x86-64 those share only 128-bit vectors.

/// A loop that the compiler can vectorise. `run` must be `#[inline(always)]`, as must all that
/// it calls: what is not inlined is compiled for any CPU.
pub(super) trait Loop {
    fn run(self);
}

/// Runs `work` with the widest vectors this CPU has.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(super) fn run<L: Loop>(work: L) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2")]
    fn avx512<L: Loop>(work: L) {
        work.run();
    }

    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn avx2<L: Loop>(work: L) {
        work.run();
    }

    let has_avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2");
    let has_avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    if has_avx2 && has_avx512 {
        // SAFETY: the CPU has every feature that the function is compiled for.
        unsafe { avx512(work) }
    } else if has_avx2 {
        // SAFETY: as above.
        unsafe { avx2(work) }
    } else {
        work.run();
    }
}

/// Other architectures have their vectors in the baseline.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn run<L: Loop>(work: L) {
    work.run();
}
