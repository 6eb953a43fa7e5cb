/// What libFuzzer calls with each input.
typealias FuzzFunction = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

/// libFuzzer's loop, as a library (FuzzerDriver.cpp).
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ function: FuzzFunction
) -> CInt

/// All fuzz targets behind one door: `fuzz TARGET [libFuzzer options] [corpus ...]`, or
/// `fuzz seeds FOLDER VECTORS` to write the seeds.
@main
enum Fuzz {
    static let targets: [(name: String, function: FuzzFunction)] = [
        ("tflite", { fuzz($0, $1, modelFile(.tflite)) }),
        ("onnx", { fuzz($0, $1, modelFile(.onnx)) }),
        ("bundle", { fuzz($0, $1, signedBundle) }),
        ("trust", { fuzz($0, $1, trustDocument) }),
        ("image", { fuzz($0, $1, installedImage) }),
        ("program", { fuzz($0, $1, program) }),
        ("telemetry", { fuzz($0, $1, telemetry) }),
        ("spool", { fuzz($0, $1, spool) }),
        ("npy", { fuzz($0, $1, arrayFile) }),
        ("request", { fuzz($0, $1, request) }),
        ("response", { fuzz($0, $1, response) }),
        ("configuration", { fuzz($0, $1, configuration) }),
        ("system-settings", { fuzz($0, $1, systemSettings) }),
        ("device-settings", { fuzz($0, $1, deviceSettings) }),
        ("passes", { fuzz($0, $1, passes) }),
        ("profile", { fuzz($0, $1, firmwareProfile) }),
        ("partitions", { fuzz($0, $1, partitionTable) }),
        ("block-map", { fuzz($0, $1, blockMap) }),
        ("boot-environment", { fuzz($0, $1, bootEnvironment) }),
    ]

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 4, arguments[1] == "seeds" {
            return Seeds.write(to: arguments[2], vectors: arguments[3])
        }
        if arguments.count == 2, arguments[1] == "list" {
            return targets.forEach { print($0.name) }
        }
        guard arguments.count >= 2, let target = targets.first(where: { $0.name == arguments[1] })
        else {
            print(
                "usage: fuzz list | fuzz seeds FOLDER VECTORS | fuzz TARGET [options] [corpus ...]"
            )
            return
        }
        // libFuzzer sees its own name and the options behind the target's.
        var count = CommandLine.argc - 1
        var rest = CommandLine.unsafeArgv + 1
        _ = runDriver(&count, &rest, target.function)
    }

    private static func fuzz(
        _ start: UnsafePointer<UInt8>?,
        _ count: Int,
        _ target: ([UInt8]) -> Void
    ) -> CInt {
        target([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        return 0
    }
}
