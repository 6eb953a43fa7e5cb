import Foundation
import ModelGraph
import Testing

@testable import Quantizer

@Suite("Quality report")
struct QualityReportTests {
    private static func histogram(_ values: [Float]) -> ValueHistogram {
        var histogram = ValueHistogram()
        histogram.add(values)
        return histogram
    }

    @Test("a histogram keeps every count in at most 64 bins of one width")
    func histogramCounts() throws {
        var random = SplitMix64(state: 3)
        let values = (0..<5_000).map { _ in Float.random(in: -3...5, using: &random) }
        let bins = try #require(QualityReport.Histogram(Self.histogram(values + [0, 0, 0])))
        #expect((33...64).contains(bins.counts.count))
        #expect(bins.zeroCount == 3)
        for (index, count) in bins.counts.enumerated() {
            let low = bins.lowest + Double(index) * bins.binWidth
            let truth = values.count { Double($0) >= low && Double($0) < low + bins.binWidth }
            #expect(count == UInt64(truth), "bin \(index), seed 3")
        }
        #expect(bins.lowest <= -2.9 && bins.highest >= 4.9)
        #expect(bins.counts.first != 0 && bins.counts.last != 0)
    }

    @Test("zeros alone have no histogram, and one value has one bin")
    func histogramEdges() throws {
        #expect(QualityReport.Histogram(Self.histogram([0, 0])) == nil)
        #expect(QualityReport.Histogram(Self.histogram([])) == nil)
        let one = try #require(QualityReport.Histogram(Self.histogram([7, 7])))
        #expect(one.counts == [2])
        #expect(one.lowest <= 7 && one.highest > 7)
    }

    @Test("values that do not lie side by side are found within the width that holds them")
    func histogramWidth() throws {
        // 98 values near 1 and two at 64: the bins of 64 reach over 64 bins of width 1 or 2.
        let values = [Float](repeating: 1.5, count: 98) + [64, 64]
        let bins = try #require(QualityReport.Histogram(Self.histogram(values)))
        #expect(bins.width(holding: 0.98) == bins.binWidth)
        #expect(bins.width(holding: 1) == bins.highest - bins.lowest)
    }

    @Test("a layer knows its bits, its range, its inputs and its cost")
    func layers() throws {
        let (_, graph, report) = try QuantizationTests.quantized(QuantizationTests.classifier(5))
        let input = try #require(report.layers.first)
        #expect(input.node == "input" && input.tensor == "x" && input.inputs.isEmpty)
        #expect(input.activationBits == 8 && input.weightBits == nil)
        let first = report.layers[1]
        #expect(first.inputs == ["x"])
        #expect(first.weightBits == 8)
        // 8 × 8 pixels, 3 × 3 windows, 3 channels in, 8 out; int8 weights and int32 biases.
        #expect(first.multiplyAccumulates == 8 * 8 * 3 * 3 * 3 * 8)
        #expect(first.weightBytes == 3 * 3 * 3 * 8 + 4 * 8)
        for layer in report.layers {
            let steps = (layer.chosenMaximum - layer.chosenMinimum) / Double(layer.scale)
            #expect(abs(steps - 255) < 1e-3, "\(layer.node)")
            let values = layer.histogram.map { $0.counts.reduce($0.zeroCount, +) } ?? 0
            #expect(values > 0 && values % 20 == 0, "\(layer.node) was seen on 20 samples")
        }
        let total = report.layers.reduce(0) { $0 + $1.multiplyAccumulates }
        #expect(total == graph.graph.multiplyAccumulateCount)
    }

    @Test("a report with all its parts survives JSON, byte for byte")
    func roundTrip() throws {
        var (_, _, report) = try QuantizationTests.quantized(QuantizationTests.classifier(2))
        report.dataFindings = [
            DataFinding(
                .repeatedSamples,
                .warning,
                place: "calibration",
                message: "1 sample repeats another",
                advice: "leave it out"
            )
        ]
        report.deployment = try Self.deployment()
        let bytes = try report.json()
        let again = try JSONDecoder().decode(QualityReport.self, from: Data(bytes))
        #expect(again == report)
        #expect(try again.json() == bytes)
    }

    private static func deployment() throws -> QualityReport.Deployment {
        let labels = [0, 0, 1, 1, 2, 2]
        let integers = try ClassificationEvaluation(
            predictions: [0, 1, 1, 1, 0, 0],
            labels: labels,
            classCount: 3
        )
        let float = try ClassificationEvaluation(
            predictions: [0, 0, 1, 1, 2, 0],
            labels: labels,
            classCount: 3
        )
        var accuracy = QualityReport.Accuracy(integers)
        accuracy.float = QualityReport.Share(float)
        accuracy.agreement = 4.0 / 6
        accuracy.lostCount = 2
        accuracy.wonCount = 0
        accuracy.drop = QualityReport.Share(value: 2.0 / 6, lower: 0, upper: 0.7)
        let verdict = GateVerdict.inconclusive(neededSampleCount: 90)
        return QualityReport.Deployment(
            name: "<&>",
            version: "1",
            model: "m.tflite",
            target: "any",
            targetDescription: "",
            contentID: "00",
            refusal: nil,
            gates: [QualityReport.Gate(drop: 2.0 / 6, limit: 0.01, verdict: verdict)],
            accuracy: accuracy,
            sizes: QualityReport.Sizes(
                modelFileBytes: 6,
                floatWeightBytes: 5,
                weightBytes: 4,
                imageBytes: 3,
                bundleBytes: 2,
                multiplyAccumulates: .max
            ),
            arena: QualityReport.Arena(sizeBytes: 0, lowerBoundBytes: 0, blocks: []),
            latency: nil
        )
    }

    @Test("confusions are named by frequency, and the float model stands beside the integers")
    func accuracy() throws {
        let accuracy = try #require(try Self.deployment().accuracy)
        #expect(accuracy.integer.value == 0.5)
        #expect(accuracy.float?.value == 5.0 / 6)
        #expect(accuracy.drop?.value == 2.0 / 6)
        #expect(accuracy.table == [[1, 1, 0], [0, 2, 0], [2, 0, 0]])
        #expect(accuracy.confusions.map(\.label) == [2, 0])
        #expect(accuracy.confusions.map(\.prediction) == [0, 1])
        #expect(accuracy.confusions.map(\.count) == [2, 1])
    }

    @Test("more than 20 classes keep their frequent confusions alone")
    func manyClasses() throws {
        let labels = Array(0..<50)
        let evaluation = try ClassificationEvaluation(
            predictions: labels.map { ($0 + 1) % 50 },
            labels: labels,
            classCount: 50
        )
        let accuracy = QualityReport.Accuracy(evaluation)
        #expect(accuracy.table == nil)
        #expect(accuracy.confusions.count == 20)
        #expect(accuracy.confusions.first?.label == 0)
    }

    @Test("the bytes in use at each step are those of the blocks that live then")
    func arena() {
        func block(_ size: Int, _ first: Int, _ last: Int) -> QualityReport.Arena.Block {
            QualityReport.Arena.Block(
                tensors: ["t"],
                offset: 0,
                sizeBytes: size,
                firstStep: first,
                lastStep: last
            )
        }
        let arena = QualityReport.Arena(
            sizeBytes: 192,
            lowerBoundBytes: 192,
            blocks: [block(64, 0, 1), block(128, 1, 2), block(64, 2, 3)]
        )
        #expect(arena.stepCount == 4)
        #expect(arena.liveBytes == [64, 192, 192, 64])
    }
}
