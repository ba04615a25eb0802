if __name__ == "__main__":
    from shared.cli import main

    from mail_ingest.service import service

    main(service)
