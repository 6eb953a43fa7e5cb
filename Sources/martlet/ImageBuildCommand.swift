import ArgumentParser
import BundleFormat
import Firmware
import Foundation
import InferenceRuntime
import Packager
import Terminal

/// Builds an image.
struct ImageBuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build the image of a device's storage from a profile and a bundle.",
        discussion: """
            The result is a sparse file and, beside it, OUTPUT.bmap with the blocks that a device \
            must get. Equal inputs give equal bytes. No root rights are needed. For a profile \
            without a disk, the result is a tar archive to be unpacked at '/'.
            Exits with 3 when the profile, the inputs or the output are refused, 4 when the \
            bundle is, 8 when there is no room, 9 when agent or bundle are for other devices.
            """
    )

    @OptionGroup(title: "Profile") var profile: ImageProfileOptions
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup(title: "Configuration") var configuration: ImageConfigurationOptions

    @Option(help: "The signed bundle that the device starts with.")
    var bundle: String

    @Option(
        help: ArgumentHelp(
            "The static agent.",
            discussion: "Without it, .build/device/ARCHITECTURE/martletd.",
            valueName: "martletd"
        )
    )
    var agent: String?

    @Option(help: "The image to write; its block map is OUTPUT.bmap.")
    var output: String

    @Option(help: "The disk's size, when it is not the profile's.")
    var sizeBytes: Int64?

    @Flag(help: "Replace the output when it exists.")
    var replace = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    mutating func run() throws {
        let recipe = try recipe()
        let cancellation = Interruption.cancellation()
        let progress = ImageProgress()
        let builder = ImageBuilder(recipe, cancellation: cancellation) { progress.show($0) }
        let built: BuiltImage
        do {
            built = try builder.build(to: output, isReplacing: replace)
        } catch {
            throw Failure(image: error, place: output)
        }
        let report = ImageBuildReport(built, bundle: recipe.bundle, profile: recipe.profile)
        if json {
            try Console.printJSON(report)
        } else {
            report.printLines()
        }
    }

    private func recipe() throws -> ImageRecipe {
        let firmware = try profile.readProfile()
        let inputs = try profile.readInputs(firmware)
        let target = try TargetProfileFile.read(firmware.target)
        let (agent, architecture) = try AgentFile.choose(agent, for: target)
        let keys = try trust.keys()
        guard let trusted = TrustedKeys(releaseKeys: keys.map(\.key)) else {
            throw Failure(.usage, "more than 16 keys, or one key twice, is trusted")
        }
        let bytes = try InputFile.read(bundle, limitBytes: HostBundle.sizeMax)
        let checked: ImageBundle
        do {
            checked = try ImageBundle(
                bytes,
                trusted: trusted,
                architecture: architecture,
                runtimeAbi: RuntimeAbi.version
            )
        } catch {
            throw Failure(bundle: error, place: bundle)
        }
        var device = DeviceConfiguration(
            firmware.configuration,
            trust: keys.map { [UInt8]($0.fileContent(role: "release").utf8) }
        )
        try configuration.apply(to: &device)
        return ImageRecipe(
            profile: firmware,
            agent: agent,
            inputs: inputs,
            bundle: checked,
            configuration: device,
            sizeBytes: sizeBytes
        )
    }
}
