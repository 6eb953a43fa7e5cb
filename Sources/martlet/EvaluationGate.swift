import ArgumentParser
import Foundation
import Quantizer
import Terminal

/// The gate that a model must pass against the model that it stands for.
struct GateOptions: ParsableArguments {
    @Option(
        help: """
            Exit with 6 unless the 95 % interval shows that the model is worse than the other by \
            at most this: a share of the samples, an area, or a share of the other's mean \
            absolute error.
            """
    )
    var maxDrop: Double?

    @Flag(help: "Let a model through whose samples are too few to decide.")
    var allowInconclusive = false

    /// Checks what the parser cannot, since it validates commands only.
    ///
    /// - Throws: `ValidationError` for a share out of range and for a flag without its gate.
    func check() throws {
        guard maxDrop.map({ (0...1).contains($0) }) ?? true else {
            throw ValidationError("--max-drop takes a share from 0 to 1")
        }
        guard !allowInconclusive || maxDrop != nil else {
            throw ValidationError("--allow-inconclusive needs --max-drop")
        }
    }

    /// Ends with the gate's status unless the comparison passes.
    ///
    /// - Throws: `Failure` with status 6 for a model that is worse than it may be, or that too few
    ///   samples speak for.
    func check(_ comparison: ComparisonReport?) throws {
        guard let comparison, let maxDrop else { return }
        let interval = String(
            format: "the 95 %% interval of the loss is %.4g to %.4g",
            comparison.dropLower ?? 0,
            comparison.dropUpper ?? 0
        )
        switch comparison.gate {
        case nil:
            throw Failure(
                .usage,
                "the gate needs at least two samples of each kind",
                help: "add labelled samples"
            )
        case .pass?: return
        case .inconclusive(let needed)?:
            let more =
                needed.map { "about \($0) samples with the same rates would decide" }
                ?? "no number of samples with the same rates would decide"
            if allowInconclusive {
                return Console.note("the gate is inconclusive: \(interval); \(more)")
            }
            throw Failure(
                .gate,
                "the samples cannot tell whether the model loses more than \(maxDrop): \(interval)",
                help: "\(more); --allow-inconclusive lets it through"
            )
        case .fail?:
            throw Failure(
                .gate,
                "the model is worse than \(comparison.against) by more than \(maxDrop)",
                help: interval
            )
        }
    }
}
