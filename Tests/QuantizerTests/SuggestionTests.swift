import Testing

@testable import Quantizer

@Suite("What the quality report says to look at")
struct SuggestionTests {
    /// A layer that reads the tensor before it; everything not named is unsuspicious.
    private func layer(
        _ name: String,
        reads input: String?,
        decibels: Double?,
        operatorName: String = "Convolution2D",
        weightDecibels: Double? = nil,
        seenMaximum: Float = 1,
        saturation: Double = 0,
        isGrowing: Bool = false
    ) -> QualityReport.Layer {
        QualityReport.Layer(
            node: name,
            operatorName: operatorName,
            tensor: name,
            inputs: input.map { [$0] } ?? [],
            activationBits: 8,
            weightBits: nil,
            scale: 1.0 / 255,
            zeroPoint: -128,
            seenMinimum: 0,
            seenMaximum: seenMaximum,
            chosenMinimum: 0,
            chosenMaximum: 1,
            histogram: nil,
            isRangeGrowing: isGrowing,
            saturation: saturation,
            signalToNoise: decibels,
            weightSignalToNoise: weightDecibels,
            multiplyAccumulates: 0,
            weightBytes: 0
        )
    }

    private func suggestions(
        _ layers: [QualityReport.Layer],
        isMinMax: Bool = false
    ) -> [QualityReport.Suggestion] {
        QualityReport.suggestions(layers, isMinMax: isMinMax)
    }

    @Test("layers are ranked by what they add, not by what they inherit")
    func ranking() {
        // Noise to signal: a 0.001, b 0.01 (adds 0.009), c 0.01 (adds nothing), d 0.03 (0.02).
        let found = suggestions([
            layer("a", reads: nil, decibels: 30), layer("b", reads: "a", decibels: 20),
            layer("c", reads: "b", decibels: 20), layer("d", reads: "c", decibels: 15.228787),
        ])
        #expect(found.map(\.node) == ["d", "b"])
        #expect(abs(found[0].noiseShare - 0.02 / 0.03) < 1e-6)
        #expect(abs(found[1].noiseShare - 0.009 / 0.03) < 1e-6)
    }

    @Test("a layer where nothing was measured passes on what it reads")
    func unmeasured() {
        let found = suggestions([
            layer("a", reads: nil, decibels: 20), layer("b", reads: "a", decibels: nil),
            layer("c", reads: "b", decibels: 20),
        ])
        #expect(found.map(\.node) == ["a"])
    }

    @Test("without noise there is nothing to look at")
    func silence() {
        #expect(suggestions([layer("a", reads: nil, decibels: nil)]).isEmpty)
        #expect(suggestions([]).isEmpty)
    }

    @Test("each cause has its remedy")
    func causes() {
        func remedy(_ layer: QualityReport.Layer, isMinMax: Bool = false) -> String {
            suggestions([layer], isMinMax: isMinMax).first?.remedy ?? ""
        }
        #expect(
            remedy(layer("a", reads: nil, decibels: 20, isGrowing: true)).contains("more samples")
        )
        let clipped = layer("a", reads: nil, decibels: 20, seenMaximum: 2, saturation: 0.01)
        #expect(remedy(clipped).contains("--ranges min-max"))
        #expect(!remedy(clipped, isMinMax: true).contains("--ranges min-max"))
        // Within a step of the range nothing is lost by clipping that rounding would keep.
        let touched = layer("a", reads: nil, decibels: 20, seenMaximum: 1.002, saturation: 0.01)
        #expect(!remedy(touched).contains("--ranges"))
        #expect(
            remedy(layer("a", reads: nil, decibels: 20, weightDecibels: 21))
                .contains("--equalization")
        )
        #expect(
            remedy(layer("a", reads: nil, decibels: 20, operatorName: "Softmax"))
                .contains("largest output")
        )
        #expect(remedy(layer("a", reads: nil, decibels: 20)).contains("ReLU6"))
    }
}
