// How a system comes up in one of its two slots, falls back, and is confirmed. The loader holds
// the counts (U-Boot's or GRUB's environment); a Raspberry Pi's firmware does not (`Autoboot`).
//
//   loader:  for each slot of BOOT_ORDER with a count above 0:
//                count -= 1, save, load it ── starts ──> running, unconfirmed
//                                          └─ cannot be loaded: the next slot
//            none: BOOT_ORDER = "A B", all counts = tries, save, reset
//   system:  running, unconfirmed ── serves or reports ──> confirmed: count = tries
//                                 └─ crash, hang, power cut: the loader again, one try less
//   update:  try(slot): BOOT_ORDER = slot first, its count = tries; reset
//
// Invariants:
// 1. A slot that never confirms starts at most `tries` times before the other one is asked.
// 2. A confirmed slot has all its tries; one bad start does not lose it.
// 3. Nothing is stored when nothing would change, so a device that starts well every day writes
//    its environment twice a start: once the loader, once the confirmation.
// 4. There is no state without a next step: where no slot is left, or the order names none, the
//    variables of a new device hold again.

/// What the loader and the system do with the variables: pure functions.
public enum SlotChoice {
    /// What the loader does.
    public enum LoaderStep: Sendable, Hashable {
        /// It starts the slot's system.
        case boot(Slot)
        /// No slot had a try left or could be loaded: order and counts are a new device's again.
        case reset
    }

    /// What the loader does next.
    ///
    /// - Parameters:
    ///   - variables: as they are at power-on.
    ///   - tries: 1 to 9.
    ///   - canLoad: whether the slot's files can be loaded.
    /// - Returns: the step, and what the environment holds when it is taken.
    public static func nextBoot(
        _ variables: BootVariables,
        tries: UInt8,
        canLoad: (Slot) -> Bool
    ) -> (step: LoaderStep, variables: BootVariables) {
        var saved = variables
        for slot in variables.order {
            let left = saved.left(of: slot, tries: tries)
            guard left > 0 else { continue }
            saved.setLeft(of: slot, left - 1)
            if canLoad(slot) { return (.boot(slot), saved) }
        }
        saved.setOrder([.a, .b])
        for slot in [Slot.a, .b] { saved.setLeft(of: slot, tries) }
        return (.reset, saved)
    }

    /// The variables that put a slot first, with all its tries.
    public static func trying(
        _ slot: Slot,
        _ variables: BootVariables,
        tries: UInt8
    ) -> BootVariables {
        var changed = variables
        changed.setOrder([slot, slot.other])
        changed.setLeft(of: slot, tries)
        return changed
    }

    /// The variables in which the running slot is confirmed.
    public static func confirming(
        _ slot: Slot,
        _ variables: BootVariables,
        tries: UInt8
    ) -> BootVariables {
        guard !isConfirmed(slot, variables, tries: tries) else { return variables }
        var changed = variables
        changed.setLeft(of: slot, tries)
        return changed
    }

    /// Whether a slot has all its tries.
    public static func isConfirmed(
        _ slot: Slot,
        _ variables: BootVariables,
        tries: UInt8
    ) -> Bool {
        variables.left(of: slot, tries: tries) >= min(tries, BootVariables.triesMax)
    }

    /// Whether the running slot is not the one that was asked for first.
    public static func fellBack(running slot: Slot, _ variables: BootVariables) -> Bool {
        variables.order.first != slot
    }
}
