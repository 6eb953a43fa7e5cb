import ArgumentParser
import Firmware
import Foundation
import Terminal

/// What a device is told, where it differs from the profile.
struct ImageConfigurationOptions: ParsableArguments {
    @Option(help: "The device's host name, and the name that the agent reports.")
    var hostname: String?

    @Option(
        help: ArgumentHelp(
            "dhcp, none, or an address A.B.C.D/P, then ',gateway=A.B.C.D' and ',dns=A.B.C.D'.",
            discussion: "'eth1:' before it names another interface.",
            valueName: "network"
        )
    )
    var network: String?

    @Option(help: "Where the collector listens, http://NUMBER:PORT.")
    var collector: String?

    @Option(help: "The collector's identity line, as 'martlet-collector' wrote it.")
    var collectorIdentity: String?

    @Option(help: "A root document that is put on the device as it is.")
    var rootDocument: String?

    @Option(
        help: ArgumentHelp(
            "A file with the one-time token for enrolment.",
            discussion: """
                Or --enrolment-token-fd, or the environment MARTLET_ENROLMENT_TOKEN; never an \
                argument, which every user of the host could read.
                """
        )
    )
    var enrolmentTokenFile: String?

    @Option(help: "An open file descriptor from which the token is read.")
    var enrolmentTokenFd: Int32?

    @Option(
        name: .customLong("service"),
        help: ArgumentHelp(
            "A program with arguments that starts when the agent serves; may be repeated.",
            valueName: "command"
        )
    )
    var services: [String] = []

    @Option(help: "Milliseconds between reports.")
    var reportIntervalMs: Int64?

    /// Token files hold 64 digits.
    private static let tokenSizeMax = 1_024

    /// Puts the options over a profile's defaults.
    func apply(to configuration: inout DeviceConfiguration) throws {
        if let hostname { configuration.hostname = hostname }
        if let network { configuration.network = try parsed(network, configuration.network) }
        if let reportIntervalMs { configuration.reportIntervalMilliseconds = reportIntervalMs }
        configuration.collector = collector
        configuration.services = services
        if let collectorIdentity {
            configuration.collectorIdentity =
                try InputFile.read(collectorIdentity, limitBytes: 1_024)
        }
        if let rootDocument {
            configuration.rootDocument = try InputFile.read(
                rootDocument,
                limitBytes: DeviceConfiguration.rootDocumentSizeMax
            )
        }
        configuration.enrolmentToken = try token()
    }

    private func token() throws -> [UInt8]? {
        let environment = ProcessInfo.processInfo.environment["MARTLET_ENROLMENT_TOKEN"]
        let given = [enrolmentTokenFile != nil, enrolmentTokenFd != nil].filter { $0 }.count
        guard given <= 1 else {
            throw Failure(.usage, "the enrolment token is given in two ways")
        }
        if let enrolmentTokenFile {
            return try InputFile.read(enrolmentTokenFile, limitBytes: Self.tokenSizeMax)
        }
        if let enrolmentTokenFd {
            guard enrolmentTokenFd >= 0, fcntl(enrolmentTokenFd, F_GETFD) != -1 else {
                throw Failure(.usage, "the descriptor is not open", place: "--enrolment-token-fd")
            }
            return try InputFile.read(
                "/proc/self/fd/\(enrolmentTokenFd)",
                limitBytes: Self.tokenSizeMax
            )
        }
        return environment.map { [UInt8]($0.utf8) }
    }

    /// `[INTERFACE:]dhcp|none|A.B.C.D/P[,gateway=A.B.C.D][,dns=A.B.C.D]`.
    private func parsed(
        _ text: String,
        _ old: FirmwareProfile.Network
    ) throws -> FirmwareProfile.Network {
        var rest = Substring(text)
        var interface = old.interface
        if let colon = rest.firstIndex(of: ":") {
            interface = String(rest[..<colon])
            rest = rest[rest.index(after: colon)...]
        }
        let parts = rest.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let method = FirmwareProfile.NetworkMethod(rawValue: parts[0])
        guard let method, method != .static else {
            var network = FirmwareProfile.Network(
                interface: interface,
                method: .static,
                address: parts[0]
            )
            for part in parts.dropFirst() {
                if part.hasPrefix("gateway="), network.gateway == nil {
                    network.gateway = String(part.dropFirst(8))
                } else if part.hasPrefix("dns="), network.dns == nil {
                    network.dns = String(part.dropFirst(4))
                } else {
                    throw Failure(.usage, "'\(part)' is no setting", place: "--network")
                }
            }
            return network
        }
        guard parts.count == 1 else {
            throw Failure(.usage, "'\(parts[0])' takes no settings", place: "--network")
        }
        return FirmwareProfile.Network(interface: interface, method: method)
    }
}
