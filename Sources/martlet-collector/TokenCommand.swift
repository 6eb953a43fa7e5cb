import ArgumentParser
import BundleFormat
import Foundation
import Terminal

/// Commands on the tokens with which devices enrol.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and revoke the tokens with which devices enrol.",
        subcommands: [Create.self, List.self, Revoke.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a token and print it, once: only its hash is stored."
        )

        /// Ten years, in hours.
        private static let hoursMax = 87_600

        @OptionGroup var data: DataOption

        @Option(help: "Hours until the token cannot be used any more.")
        var expiresInHours = 24

        @Option(help: "How many devices may use the token.")
        var uses = 1

        @Option(help: "A note for people.")
        var note = ""

        func validate() throws {
            guard (1...Self.hoursMax).contains(expiresInHours) else {
                throw ValidationError("--expires-in-hours is from 1 to \(Self.hoursMax)")
            }
            guard (1...1_000_000).contains(uses) else {
                throw ValidationError("--uses is from 1 to 1000000")
            }
            guard note.utf8.count <= 200 else {
                throw ValidationError("--note has at most 200 bytes")
            }
        }

        mutating func run() async throws {
            guard Sodium.initialize() else { throw CollectorError.randomnessMissing }
            let token = Sodium.randomBytes(count: 32)
            let now = ServerTime.now()
            try await data.withStore { store in
                try await store.createToken(
                    hash: Sodium.blake2b(token),
                    note: note,
                    usesMax: Int64(uses),
                    expiresAt: now + Int64(expiresInHours) * 3_600_000,
                    now: now
                )
            }
            Console.printLine(hexText(token))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List all tokens; their secrets are not known."
        )

        @OptionGroup var data: DataOption

        @Flag(help: "Print JSON.")
        var json = false

        mutating func run() async throws {
            let tokens = try await data.withStore { try await $0.tokens(now: ServerTime.now()) }
            guard !json else { return try Console.printJSON(tokens) }
            let rows = tokens.map { token in
                [
                    token.id, token.state, "\(token.uses)/\(token.usesMax)", token.expiresAt,
                    Enrolment.printable([UInt8](token.note.utf8)),
                ]
            }
            Console.printTable([["TOKEN", "STATE", "USES", "EXPIRES", "NOTE"]] + rows)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Revoke a token; devices that used it stay enrolled."
        )

        @OptionGroup var data: DataOption

        /// Fewer digits might be a slip, and what is revoked stays revoked.
        private static let digitCountMin = 4

        @Argument(
            help: "The token's id, or its first 4 digits or more, as \"token list\" shows it."
        )
        var id: String

        func validate() throws {
            guard id.count >= Self.digitCountMin else {
                throw ValidationError(
                    "give at least \(Self.digitCountMin) digits of the token's id"
                )
            }
        }

        mutating func run() async throws {
            let isFound = try await data.withStore {
                try await $0.revokeToken(idPrefix: id, now: ServerTime.now())
            }
            guard isFound else {
                throw CollectorError.unknown(kind: "token", name: id)
            }
        }
    }
}
