import Foundation
import Testing

/// Trained models and labelled data beside the project.
private enum SharedData {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared").standardizedFileURL

    static let isThere = FileManager.default.fileExists(
        atPath: folder.appending(path: "models").path()
    )
}

@Suite("What quantization keeps of trained models", .enabled(if: SharedData.isThere))
struct SharedAccuracyTests {
    /// A float model with data that calibrate it, other data that judge it, and the least accuracy.
    struct Case: Sendable, CustomTestStringConvertible {
        let model: String
        let calibration: String
        let inputs: String
        let labels: String
        let least: String
        var options: [String] = []

        var testDescription: String { model }
    }

    static let cases = [
        Case(
            model: "ic_resnet8_float.tflite",
            calibration: "ic01/calib_u8.npy",
            inputs: "ic01/inputs_u8.npy",
            labels: "ic01/labels.npy",
            least: "0.85",
            options: ["--input-type", "uint8"]
        ),
        // Half a point below 152 of 180 in floating point.
        Case(
            model: "vww_mobilenetv1_float.tflite",
            calibration: "vww01/calib_u8.npy",
            inputs: "vww01/inputs_u8.npy",
            labels: "vww01/labels.npy",
            least: "0.8389",
            options: [
                "--input-type", "uint8", "--input-scale", "1/255", "--max-drop", "0.005",
                "--allow-inconclusive",
            ]
        ),
        Case(
            model: "har_cnn1d_float.onnx",
            calibration: "har/calib_f32.npy",
            inputs: "har/inputs_f32.npy",
            labels: "har/labels.npy",
            least: "0.917"
        ),
        Case(
            model: "digits_mlp_float.onnx",
            calibration: "digits/calib_f32.npy",
            inputs: "digits/inputs_f32.npy",
            labels: "digits/labels.npy",
            least: "0.962"
        ),
    ]

    @Test("integers reach the accuracy that is promised", arguments: cases)
    func accuracy(of item: Case) throws {
        let workshop = try Workshop()
        func data(_ name: String) -> String {
            SharedData.folder.appending(path: "data/\(name)").path()
        }
        let result = try Martlet.run(
            [
                "build", SharedData.folder.appending(path: "models/\(item.model)").path(),
                "--name", "model", "--version", "1", "--target", "any", "--sign", workshop.key,
                "--output", workshop.path("model.eib"),
                "--calibration", data(item.calibration), "--validation", data(item.inputs),
                "--labels", data(item.labels), "--min-accuracy", item.least,
            ] + item.options
        )
        #expect(result.status == 0, "\(result.errors.suffix(600))")
    }
}
