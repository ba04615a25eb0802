if __name__ == "__main__":
    from shared.cli import main

    from portal_api.service import service

    main(service)
