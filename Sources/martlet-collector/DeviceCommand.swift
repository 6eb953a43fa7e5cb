import ArgumentParser
import Foundation
import Telemetry

/// Commands on enrolled devices.
struct DeviceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device",
        abstract: "List and revoke enrolled devices.",
        subcommands: [Revoke.self]
    )

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Refuse all further reports of a device; what it reported stays."
        )

        @OptionGroup var data: DataOption

        @Argument(help: "The device's id, 32 hexadecimal digits.")
        var id: String

        mutating func run() async throws {
            guard let deviceID = Hexadecimal.decode([UInt8](id.lowercased().utf8)[...]),
                deviceID.count == Wire.deviceIDSizeBytes
            else { throw CollectorError.unknown(kind: "device", name: id) }
            let isFound = try await data.withStore {
                try await $0.revokeDevice(deviceID, now: ServerTime.now())
            }
            guard isFound else { throw CollectorError.unknown(kind: "device", name: id) }
        }
    }
}
