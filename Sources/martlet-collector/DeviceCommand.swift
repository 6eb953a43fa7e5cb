import ArgumentParser
import Foundation
import Telemetry
import Terminal

/// Commands on enrolled devices.
struct DeviceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device",
        abstract: "List and revoke enrolled devices.",
        subcommands: [List.self, Revoke.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List enrolled devices by name."
        )

        @OptionGroup var data: DataOption

        @Flag(help: "Print JSON, as the API gives it.")
        var json = false

        @Option(help: "Minutes without a batch after which a device is silent.")
        var silentMinutes = 60

        func validate() throws {
            guard (1...1_000_000).contains(silentMinutes) else {
                throw ValidationError("--silent-minutes is from 1 to 1000000")
            }
        }

        mutating func run() async throws {
            let now = ServerTime.now()
            let silentMilliseconds = Int64(silentMinutes) * 60_000
            let devices = try await data.withStore { store in
                var devices: [DeviceRecord] = []
                var cursor: DeviceCursor?
                repeat {
                    let page = try await store.devices(after: cursor, limit: Limits.pageSizeMax)
                    devices += page.entries
                    cursor = page.next.flatMap(DeviceCursor.init)
                } while cursor != nil
                return devices
            }
            guard !json else {
                return try Console.printJSON(
                    devices.map {
                        DeviceJSON($0, now: now, silentMilliseconds: silentMilliseconds)
                    }
                )
            }
            let rows = devices.map { device in
                [
                    device.idText,
                    device.state(now: now, silentMilliseconds: silentMilliseconds).rawValue,
                    device.seenAt.map(ServerTime.text) ?? "never", "\(device.reportCount)",
                    "\(device.missingCount)", device.name,
                ]
            }
            Console.printTable([["DEVICE", "STATE", "SEEN", "REPORTS", "MISSING", "NAME"]] + rows)
        }
    }

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
