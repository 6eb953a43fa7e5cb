import CPlatform
import Telemetry

/// The clocks in the units that reports use.
enum Clock {
    /// The monotonic clock.
    static var milliseconds: UInt64 { UInt64(max(0, platform_monotonic_ns())) / 1_000_000 }

    /// The wall clock, since 1970; 0 before.
    static var wallMilliseconds: UInt64 { UInt64(max(0, platform_wall_ns())) / 1_000_000 }

    /// How far the wall clock can be believed: a date before the build was never set.
    static var quality: ClockQuality {
        if platform_wall_is_synchronized() == 1 { return .synchronized }
        return wallMilliseconds < buildMilliseconds ? .none : .stale
    }

    /// 2026-01-01.
    private static let buildMilliseconds: UInt64 = 1_767_225_600_000
}
